import type { Row } from '../db/tables'

/** The archive of one run, as its daemon saw it. */
export type ArchiveRow = Row<'archives'>
export type ArchiveEventRow = Row<'archiveEvents'>
