import { existsSync } from 'node:fs'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import type { Config } from '../config/config'
import { findHolder } from '../config/lock'
import { logPath } from '../config/logfile'
import { Journal } from '../control/journal'
import { installedServices } from '../install/service'
import { command } from './command'
import { Exit } from './exit'
import { SELF } from './self'
import { configArg, readRunning } from './settings'

const Connection = z.object({ state: z.string(), since: z.number(), reason: z.string().optional() })

export interface DaemonStatus {
  running: boolean
  pid: number | null
  /** Unix milliseconds. */
  since: number | null
  version: string | null
  serverUrl: string
  computerId: string
  enrolled: boolean
  connection: z.infer<typeof Connection> | null
  /** Reports that the server has not answered yet. */
  waiting: number
  /** Runs that are under way. */
  runs: number
  /** The command that shows its log; null when that is wherever the output of `run` goes. */
  log: string | null
}

/** What can be told about the daemon of a home from outside. */
export function readStatus(config: Config): DaemonStatus {
  const { paths, serverUrl, computerId, token } = config
  const holder = existsSync(paths.lock) ? findHolder(paths) : undefined
  const seen = existsSync(paths.journal) ? readJournal(paths.journal) : { connection: null, waiting: 0, runs: 0 }
  return {
    running: holder !== undefined,
    pid: holder?.pid ?? null,
    since: holder?.since ?? null,
    version: holder?.version ?? null,
    serverUrl,
    computerId,
    enrolled: token !== '',
    ...seen,
    // What an earlier process wrote there says nothing about now.
    connection: holder ? seen.connection : null,
    log: logCommand(config),
  }
}

function logCommand(config: Config): string | null {
  const [service] = installedServices({ config, program: SELF, env: process.env })
  if (service) return service.logCommand
  // Of one that was started with `run` the log is wherever its output goes.
  return existsSync(config.logFile ?? logPath(config.paths)) ? 'nekode-daemon logs' : null
}

function readJournal(path: string): Pick<DaemonStatus, 'connection' | 'waiting' | 'runs'> {
  const journal = Journal.open(path, createLogger())
  try {
    const count = (sql: string) => journal.prepare<{ count: number }, []>(sql).get()?.count ?? 0
    return {
      connection: Connection.safeParse(JSON.parse(journal.get('connection') ?? 'null')).data ?? null,
      waiting: count('SELECT count(*) AS count FROM outbox'),
      runs: count("SELECT count(*) AS count FROM runs WHERE state = 'active'"),
    }
  } finally {
    journal.close()
  }
}

export const status = command({
  name: 'status',
  description: 'Show whether the daemon runs and is connected',
  args: configArg,
  examples: ['nekode-daemon status', 'nekode-daemon status --json'],
  notes: ['The exit code is 0 while the daemon runs, otherwise 1.'],
  run: async ({ args, out }) => {
    const found = readStatus(readRunning(args))
    out.show(found, () => text(found))
    return found.running ? Exit.ok : Exit.failed
  },
})

const time = (ms: number): string => new Date(ms).toISOString()

function text(found: DaemonStatus): string {
  const { running, pid, since, version, serverUrl, computerId, enrolled, connection, waiting, runs, log } = found
  const lines = [
    running ? `running     process ${pid}, version ${version}, since ${time(since ?? 0)}` : 'running     no',
    `server      ${serverUrl}`,
    `computer    ${enrolled ? computerId : 'not enrolled'}`,
    connection
      ? `connection  ${connection.state} since ${time(connection.since)}${connection.reason ? ` (${connection.reason})` : ''}`
      : '',
    log ? `log         ${log}` : '',
    `runs        ${runs} under way, ${waiting} reports waiting for the server`,
  ]
  return lines.filter(Boolean).join('\n')
}
