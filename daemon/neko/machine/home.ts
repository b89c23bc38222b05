import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { killAll } from '../../runtimes/child'
import { NETWORK } from '../../runtimes/env'
import { parseJson } from '../../runtimes/json'
import { carrying, isAlive, processes } from '../../runtimes/processes'
import { MACHINE_MARK } from './processes'

/** Of the daemon's own environment the programs of a machine get these, and no others: language, time, ways into the network. */
const INHERITED = new Set([
  'PATH',
  'USER',
  'LOGNAME',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  ...NETWORK,
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
])

const Owner = z.object({ pid: z.number().int(), start: z.string(), mark: z.string(), run: z.string() })

/** The folders of one machine, which only one process uses at a time. */
export interface Home {
  path: string
  /** For sockets, cookies and pipes: short, private, gone with the machine. */
  run: string
  downloads: string
  mark: string
  /** Of every program. */
  env: Record<string, string>
  leave(): void
}

/**
 * Takes a home, and ends what an earlier process that was killed left running in it.
 * @throws NekodeError conflict when another process uses it
 */
export async function enterHome(path: string, parent: Record<string, string | undefined>): Promise<Home> {
  const folder = (name: string) => {
    const full = join(path, name)
    mkdirSync(full, { recursive: true, mode: 0o700 })
    return full
  }
  folder('')
  const file = join(path, '.machine.json')
  await evict(file)
  const mark = crypto.randomUUID()
  // The path of a socket has to be shorter than 108 bytes, and a home may be deep.
  const run = mkdtempSync(join(tmpdir(), 'nekode-machine-'))
  const start = processes().find(({ pid }) => pid === process.pid)?.start ?? ''
  writeFileSync(file, JSON.stringify({ pid: process.pid, start, mark, run }), { mode: 0o600 })
  const env: Record<string, string> = { LANG: 'C.UTF-8' }
  for (const [name, value] of Object.entries(parent))
    if (value !== undefined && (INHERITED.has(name) || name.startsWith('LC_'))) env[name] = value
  Object.assign(env, {
    HOME: path,
    XDG_CONFIG_HOME: folder('.config'),
    XDG_CACHE_HOME: folder('.cache'),
    XDG_DATA_HOME: folder('.local'),
    XDG_RUNTIME_DIR: run,
    // There is no session bus, and none shall be started.
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  })
  const leave = () => {
    rmSync(run, { recursive: true, force: true })
    rmSync(file, { force: true })
  }
  return { path, run, downloads: folder('Downloads'), mark, env, leave }
}

async function evict(file: string): Promise<void> {
  const owner = Owner.safeParse(parseJson(read(file)))
  if (!owner.success) return
  const { pid, mark, run } = owner.data
  if (isAlive(owner.data))
    throw new NekodeError('conflict', `The machine's folder is in use by process ${pid}.`, {
      code: 'machine_in_use',
      next: 'Stop that process, or give this machine a folder of its own.',
    })
  await killAll(() => carrying(MACHINE_MARK, mark, processes()))
  rmSync(run, { recursive: true, force: true })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Nobody was here before.
    return ''
  }
}
