import type { agents } from './agents'
import type { approvals } from './approvals'
import type { common } from './common'
import type { composer } from './composer'
import type { computers } from './computers'
import type { conversation } from './conversation'
import type { entrance } from './entrance'
import type { errors } from './errors'
import type { runs } from './runs'
import type { settings } from './settings'

/**
 * Every text of the console. `{name}` is filled in; `one||many` is chosen by `n`. Keys are `group.what`, and a group stands in one file;
 * a key that another language lacks does not pass the type check.
 */
export type Texts = typeof agents &
  typeof approvals &
  typeof common &
  typeof composer &
  typeof computers &
  typeof conversation &
  typeof entrance &
  typeof errors &
  typeof runs &
  typeof settings
