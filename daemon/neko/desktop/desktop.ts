import { NekodeError } from '@shared/errors'
import { createLogger, type Logger } from '@shared/log'
import type { Machine } from '../machine/machine'
import { type MachineOptions, startMachine } from '../machine/start'
import type { IceServer, Settings } from '../protocol/types'
import { type Passwords, randomPassword } from './members'
import { serveDesktop } from './server'

export interface DesktopOptions extends Partial<Omit<MachineOptions, 'log'>> {
  /** What is shown. Default: one is started, with the options for it; then `home` is needed. */
  machine?: Machine
  /** Default 127.0.0.1. */
  host?: string
  /** Default 8080; 0: any free one. */
  port?: number
  /** What comes before `/api`, e.g. `/desk`. Default none. */
  prefix?: string
  /** Default: random ones. */
  users?: Partial<Passwords>
  cookies?: boolean
  origins?: string[]
  iceServers?: IceServer[]
  /** UDP and TCP ports of the pictures, both included. Default: any. */
  icePorts?: [number, number]
  /** Addresses at which the machine is reached, beside those of its network interfaces. */
  iceAddresses?: string[]
  /** Folder of the file transfer. Default: the machine's downloads; null: none. */
  files?: string | null
  settings?: Partial<Settings>
  log?: Logger
}

export interface Desktop {
  readonly url: string
  readonly port: number
  readonly userPassword: string
  readonly adminPassword: string
  /** Sessions with a connection. */
  readonly connected: number
  /** Tells why when the machine ended by itself. */
  readonly failed: Promise<string>
  /** Ends the server and the machine. */
  stop(): Promise<void>
}

/**
 * Serves a machine as a Neko v3 server. A machine that is given is the desktop's from then on, also when this fails.
 * @throws NekodeError unavailable when the port is taken, and what `startMachine` throws
 */
export async function startDesktop(options: DesktopOptions): Promise<Desktop> {
  const { host = '127.0.0.1', prefix = '', users = {} } = options
  const log = options.log ?? createLogger({ level: 'warn' })
  const machine = options.machine ?? (await startMachine({ ...options, home: homeOf(options), log }))
  const passwords: Passwords = { user: users.user ?? randomPassword(), admin: users.admin ?? randomPassword() }
  try {
    const server = serveDesktop({
      machine,
      passwords,
      host,
      port: options.port ?? 8080,
      prefix,
      cookies: options.cookies ?? false,
      origins: options.origins ?? [],
      ice: {
        servers: options.iceServers ?? [],
        addresses: options.iceAddresses ?? [],
        ...(options.icePorts ? { ports: options.icePorts } : {}),
      },
      files: options.files === null ? undefined : (options.files ?? machine.downloads),
      settings: options.settings ?? {},
      log,
    })
    return {
      url: `http://${reachable(host)}:${server.port}${prefix}`,
      port: server.port,
      userPassword: passwords.user,
      adminPassword: passwords.admin,
      get connected() {
        const { users, admins } = server.desk.sessions.counts()
        return users + admins
      },
      failed: machine.failed,
      stop: async () => {
        await server.stop()
        await machine.close()
      },
    }
  } catch (error) {
    await machine.close()
    throw error
  }
}

function homeOf({ home }: DesktopOptions): string {
  if (home === undefined) throw new NekodeError('invalid', 'A machine needs a folder for its profile and downloads.')
  return home
}

/** An address that listens on all is reached on this computer by loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
