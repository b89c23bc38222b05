import type { agentpage } from './agentpage'
import type { agents } from './agents'
import type { approvals } from './approvals'
import type { artifacts } from './artifacts'
import type { commands } from './commands'
import type { browser } from './browser'
import type { common } from './common'
import type { composer } from './composer'
import type { computers } from './computers'
import type { conversation } from './conversation'
import type { decisions } from './decisions'
import type { drafts } from './drafts'
import type { endpoints } from './endpoints'
import type { entrance } from './entrance'
import type { errors } from './errors'
import type { push } from './push'
import type { machines } from './machines'
import type { inbox } from './inbox'
import type { messages } from './messages'
import type { palette } from './palette'
import type { panels } from './panels'
import type { runs } from './runs'
import type { server } from './server'
import type { reminders } from './reminders'
import type { saved } from './saved'
import type { screens } from './screens'
import type { search } from './search'
import type { settings } from './settings'
import type { tasks } from './tasks'
import type { work } from './work'

/**
 * Every text of the console. `{name}` is filled in; `one||many` is chosen by `n`. Keys are `group.what`, and a group stands in one file;
 * a key that another language lacks does not pass the type check.
 */
export type Texts = typeof agents &
  typeof approvals &
  typeof artifacts &
  typeof commands &
  typeof browser &
  typeof common &
  typeof composer &
  typeof computers &
  typeof conversation &
  typeof decisions &
  typeof drafts &
  typeof endpoints &
  typeof entrance &
  typeof errors &
  typeof push &
  typeof machines &
  typeof inbox &
  typeof messages &
  typeof palette &
  typeof panels &
  typeof runs &
  typeof server &
  typeof reminders &
  typeof saved &
  typeof screens &
  typeof search &
  typeof settings &
  typeof tasks &
  typeof work &
  typeof agentpage
