import { SQL } from 'bun'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { run } from './command'
import { kill } from './processes'
import { find } from './system'

/** A database server of our own, on loopback, with everything it has in a temporary folder. */
export interface Running {
  /** An address that may create databases. */
  url: string
  stop(): Promise<void>
}

const START_SECONDS = 60
const STOP_MS = 10_000

/** Both servers refuse to run as root: they get a user that owns their folder and nothing else. */
interface Owner {
  prefix: string[]
  own(path: string): void
}

function ownerFor(...users: string[]): Owner {
  if (process.getuid?.() !== 0) return { prefix: [], own: () => undefined }
  const known = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const entry = [...users, 'nobody'].map((user) => known.find(([name]) => name === user)).find((found) => found)
  const [uid, gid] = [Number(entry?.[2] ?? 65534), Number(entry?.[3] ?? 65534)]
  return {
    prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    own: (path) => chownSync(path, uid, gid),
  }
}

/** A port that nothing uses now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

function folder(name: string, owner: Owner): string {
  // Short: the path of a socket in it may have 107 characters.
  const path = mkdtempSync(`/tmp/nk-${name}-`)
  chmodSync(path, 0o700)
  owner.own(path)
  return path
}

/** Waits until the server answers a query. Throws with the last lines of its log when it does not. */
async function ready(server: ChildProcess, url: string, log: string): Promise<void> {
  const until = Date.now() + START_SECONDS * 1000
  for (;;) {
    const sql = new SQL(url, { max: 1, connectionTimeout: 2 })
    try {
      await sql.unsafe('select 1')
      return
    } catch (error) {
      if (server.exitCode !== null || Date.now() > until) {
        const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n')
        throw new Error(`it did not start: ${error instanceof Error ? error.message : String(error)}\n${lines}`, {
          cause: error,
        })
      }
      await Bun.sleep(100)
    } finally {
      await sql.close({ timeout: 0 }).catch(() => undefined)
    }
  }
}

/** `stop` for a server and its folder; `signal` is the server's own for a prompt and clean end. */
const stopper = (server: ChildProcess, path: string, signal: NodeJS.Signals) => async (): Promise<void> => {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  if (server.exitCode === null && server.pid !== undefined) {
    kill(server.pid, signal)
    await Promise.race([ended, Bun.sleep(STOP_MS)])
    kill(-server.pid, 'SIGKILL')
  }
  rmSync(path, { recursive: true, force: true })
}

async function checked(argv: string[], cwd: string): Promise<void> {
  const { code, output } = await run(argv, { cwd, timeoutSeconds: START_SECONDS })
  if (code !== 0)
    throw new Error(
      `${argv.find((arg) => arg.includes('/') && !arg.startsWith('-'))} ended with ${code}: ${output.trim().slice(-400)}`,
    )
}

/** Throws when it cannot be started; nothing is left then. */
export async function startPostgres(): Promise<Running> {
  const server = find('postgres')
  const initdb = find('initdb')
  if (!server || !initdb) throw new Error('PostgreSQL is not installed')
  const owner = ownerFor('postgres')
  const path = folder('pg', owner)
  const data = join(path, 'data')
  const log = join(path, 'log')
  const port = await freePort()
  const setup = ['-D', data, '-U', 'nekode', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions']
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: path,
    max_connections: 200,
    shared_buffers: '64MB',
    logging_collector: 'off',
    // The tests make and drop many databases, and none has to survive a power loss.
    fsync: 'off',
  }
  return started(path, async () => {
    await checked([...owner.prefix, initdb, ...setup], path)
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = launch([...owner.prefix, server, '-D', data, ...flags], path, log)
    const url = `postgres://nekode@127.0.0.1:${port}/postgres`
    const stop = stopper(child, path, 'SIGINT')
    await ready(child, url, log).catch(async (error: unknown) => {
      await stop()
      throw error
    })
    return { url, stop }
  })
}

/** Throws when it cannot be started; nothing is left then. */
export async function startMariadb(): Promise<Running> {
  const server = find('mariadbd', 'mysqld')
  const install = find('mariadb-install-db', 'mysql_install_db')
  if (!server || !install) throw new Error('MariaDB is not installed')
  const owner = ownerFor('mysql')
  const path = folder('my', owner)
  const data = join(path, 'data')
  const log = join(path, 'log')
  mkdirSync(data)
  owner.own(data)
  const port = await freePort()
  const common = ['--no-defaults', `--datadir=${data}`]
  return started(path, async () => {
    const flags = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']
    await checked([...owner.prefix, install, ...common, ...flags], path)
    const child = launch(
      [
        ...owner.prefix,
        server,
        ...common,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        `--socket=${join(path, 'socket')}`,
        `--pid-file=${join(path, 'pid')}`,
        '--skip-log-bin',
        '--innodb-buffer-pool-size=64M',
        '--max-connections=200',
        '--innodb-flush-log-at-trx-commit=0',
      ],
      path,
      log,
    )
    const url = `mysql://root@127.0.0.1:${port}/mysql`
    const stop = stopper(child, path, 'SIGTERM')
    await ready(child, url, log).catch(async (error: unknown) => {
      await stop()
      throw error
    })
    return { url, stop }
  })
}

function launch(argv: string[], cwd: string, log: string): ChildProcess {
  const out = openSync(log, 'a')
  const [program = '', ...args] = argv
  return spawn(program, args, { cwd, stdio: ['ignore', out, out], detached: true })
}

async function started(path: string, start: () => Promise<Running>): Promise<Running> {
  try {
    return await start()
  } catch (error) {
    rmSync(path, { recursive: true, force: true })
    throw error
  }
}
