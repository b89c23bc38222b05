import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConnectError } from '@connectrpc/connect'
import type { Output } from '@shared/cli/output'
import { version } from '@shared/version'
import { z } from 'zod'
import type { Config } from '../config/config'
import { findHolder } from '../config/lock'
import { dial } from '../control/client'
import { errorOf } from '../control/link'
import { detectRuntimes } from '../runtimes/detect'
import { Exit } from './exit'

const MOST = 100

/** What a daemon with these settings would do. */
interface DryRun {
  server: { url: string; version: string; transport: string }
  computerId: string
  /** Another one runs in this home: then this one would not start. */
  heldBy: number | null
  runtimes: string[]
  /** Runs that wait for this computer, 100 at most. */
  runs: { id: string; agentId: string; target: string; attempt: number }[]
  /** Those that have a next time. */
  jobs: string[]
  watches: string[]
}

/**
 * Shows what the daemon would do, and does nothing of it: nothing is registered, claimed, written or started.
 * @throws NekodeError when the server is away or refuses this computer
 */
export async function dryRun(config: Config, out: Output): Promise<number> {
  const { serverUrl, token, caFile, computerId, paths } = config
  const holder = existsSync(paths.lock) ? findHolder(paths) : undefined
  const found: DryRun = {
    server: { url: serverUrl, version: '', transport: '' },
    computerId,
    heldBy: holder?.pid ?? null,
    runtimes: (await detectRuntimes()).filter(({ installed }) => installed).map(({ kind }) => kind),
    runs: [],
    jobs: kept(
      join(paths.state, 'jobs.db'),
      'SELECT name FROM jobs WHERE enabled = 1 AND next_at IS NOT NULL ORDER BY next_at LIMIT 100',
    ),
    watches: kept(join(paths.state, 'watch.db'), 'SELECT coalesce(name, id) AS name FROM watches WHERE paused = 0'),
  }
  try {
    const connection = await dial({ serverUrl, token, ...(caFile ? { caFile } : {}) })
    try {
      found.server = {
        url: serverUrl,
        version: (await connection.client.getServerInfo({})).version,
        transport: connection.mode,
      }
      const { runs } = await connection.client.fetchAssignedRuns({ computerId, limit: MOST })
      found.runs = runs.map(({ runId: id, agentId, target, attempt }) => ({ id, agentId, target, attempt }))
    } finally {
      connection.close()
    }
  } catch (error) {
    throw error instanceof ConnectError ? errorOf(error) : error
  }
  out.show(found, () => text(found))
  return holder ? Exit.locked : Exit.ok
}

const Names = z.array(z.object({ name: z.string() }))

/** What a store has, without bringing it to the form of this version. */
function kept(path: string, sql: string): string[] {
  if (!existsSync(path)) return []
  const database = new Database(path, { readonly: true })
  try {
    return Names.parse(database.query(sql).all()).map(({ name }) => name)
  } finally {
    database.close()
  }
}

function text({ server, computerId, heldBy, runtimes, runs, jobs, watches }: DryRun): string {
  const lines = [
    heldBy === null ? '' : `would not start: process ${heldBy} runs in this home`,
    `would connect  to ${server.url} (${server.version || 'unknown version'}, ${server.transport}) as ${computerId}, version ${version}`,
    `would offer    ${runtimes.join(', ') || 'no runtimes'}`,
    `would take up  ${runs.length === 0 ? 'no runs' : `${runs.length}${runs.length === MOST ? ' or more' : ''} runs:`}`,
    ...runs.map(
      ({ id, agentId, target, attempt }) => `               ${id}  ${agentId} in ${target}, attempt ${attempt}`,
    ),
    jobs.length > 0 ? `would run      the jobs ${jobs.join(', ')}` : '',
    watches.length > 0 ? `would watch    ${watches.join(', ')}` : '',
    'Nothing of it was done.',
  ]
  return lines.filter(Boolean).join('\n')
}
