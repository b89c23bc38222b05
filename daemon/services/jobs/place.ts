import { join } from 'node:path'
import type { Paths } from '../../config/paths'

/** The file with the jobs of a daemon. */
export const storePath = ({ state }: Pick<Paths, 'state'>): string => join(state, 'jobs.db')
