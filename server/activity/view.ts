import type { Row } from '../db/tables'

export type ActivityRow = Row<'activities'>
