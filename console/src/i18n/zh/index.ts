import type { Texts } from '../en'
import { agentpage } from './agentpage'
import { agents } from './agents'
import { approvals } from './approvals'
import { artifacts } from './artifacts'
import { commands } from './commands'
import { browser } from './browser'
import { common } from './common'
import { composer } from './composer'
import { computers } from './computers'
import { conversation } from './conversation'
import { decisions } from './decisions'
import { drafts } from './drafts'
import { endpoints } from './endpoints'
import { entrance } from './entrance'
import { errors } from './errors'
import { push } from './push'
import { machines } from './machines'
import { inbox } from './inbox'
import { messages } from './messages'
import { palette } from './palette'
import { panels } from './panels'
import { runs } from './runs'
import { server } from './server'
import { reminders } from './reminders'
import { saved } from './saved'
import { screens } from './screens'
import { search } from './search'
import { settings } from './settings'
import { tasks } from './tasks'
import { work } from './work'

/** Simplified Chinese, whole. */
export const zh: Record<keyof Texts, string> = {
  ...agents,
  ...approvals,
  ...artifacts,
  ...commands,
  ...browser,
  ...common,
  ...composer,
  ...computers,
  ...conversation,
  ...decisions,
  ...drafts,
  ...endpoints,
  ...entrance,
  ...errors,
  ...push,
  ...machines,
  ...inbox,
  ...messages,
  ...palette,
  ...panels,
  ...runs,
  ...server,
  ...reminders,
  ...saved,
  ...screens,
  ...search,
  ...settings,
  ...tasks,
  ...work,
  ...agentpage,
}
