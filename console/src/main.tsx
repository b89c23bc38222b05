import 'virtual:uno.css'
import '@fontsource-variable/inter/index.css'
import './design/tokens.css'
import './design/base.css'
import './design/prose.css'
import { render } from 'solid-js/web'
import { App } from './app/routes'
import { startLocale } from './i18n'
import { start } from './store/session'
import { applyTheme, followSystem, storedTheme } from './theme/theme'

applyTheme(storedTheme())
followSystem()
void start()
await startLocale()
const root = document.getElementById('root')
if (root) {
  const dispose = render(() => <App />, root)
  if (import.meta.hot) {
    import.meta.hot.accept()
    import.meta.hot.dispose(() => dispose())
  }
}
