import type { Texts } from '../en'
import { agents } from './agents'
import { approvals } from './approvals'
import { common } from './common'
import { composer } from './composer'
import { computers } from './computers'
import { conversation } from './conversation'
import { entrance } from './entrance'
import { errors } from './errors'
import { runs } from './runs'
import { settings } from './settings'

/** Simplified Chinese, whole. */
export const zh: Record<keyof Texts, string> = {
  ...agents,
  ...approvals,
  ...common,
  ...composer,
  ...computers,
  ...conversation,
  ...entrance,
  ...errors,
  ...runs,
  ...settings,
}
