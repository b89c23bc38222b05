import { askEarly } from './api/early'
import { applyTheme, storedTheme } from './theme/theme'

applyTheme(storedTheme())
askEarly()
