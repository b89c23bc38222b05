import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import type { Output } from '@shared/cli/output'
import { oneOf, span, whole } from '@shared/cli/values'
import { errorText } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import { createLogger, LOG_LEVELS } from '@shared/log'
import type { Desktop } from '../../neko/desktop/desktop'
import { command } from '../command'
import { Exit, type ExitCode, usage } from '../exit'

type Env = Record<string, string | undefined>

const MAX_PORT = 65_535
/** How often it is looked whether anybody is there. */
const IDLE_CHECK_MS = 1000

const args = {
  port: { type: 'string', valueHint: 'port', description: 'Port of the server; 0: any free one (8080)' },
  host: { type: 'string', valueHint: 'address', description: 'Address to serve on; 0.0.0.0: all (127.0.0.1)' },
  prefix: { type: 'string', valueHint: 'path', description: 'What comes before /api, for a reverse proxy (none)' },
  size: { type: 'string', valueHint: 'WxH', description: 'Size of the screen (1280x720)' },
  rate: { type: 'string', valueHint: 'n', description: 'Pictures a second of the video (15)' },
  bitrate: { type: 'string', valueHint: 'kbit/s', description: 'Kilobits a second of the video (2500)' },
  sound: { type: 'boolean', default: true, description: 'Sound, where PulseAudio is installed (yes)' },
  browser: {
    type: 'string',
    valueHint: 'program',
    description: 'Browser to start; its arguments follow “--” (the first found)',
  },
  url: { type: 'string', valueHint: 'url', description: 'Page to begin with' },
  home: {
    type: 'string',
    valueHint: 'folder',
    description: 'Folder of the browser’s profile and downloads, which is kept',
  },
  'user-password': {
    type: 'string',
    description: 'Better: --user-password-file, or NEKO_MEMBER_MULTIUSER_USER_PASSWORD',
  },
  'user-password-file': {
    type: 'string',
    valueHint: 'file',
    description: 'Password of those who may see and steer (random)',
  },
  'admin-password': {
    type: 'string',
    description: 'Better: --admin-password-file, or NEKO_MEMBER_MULTIUSER_ADMIN_PASSWORD',
  },
  'admin-password-file': {
    type: 'string',
    valueHint: 'file',
    description: 'Password of those who may do everything (random)',
  },
  'implicit-hosting': { type: 'boolean', description: 'Whoever acts steers, without asking' },
  cookies: { type: 'boolean', description: 'Logins give a cookie in the place of a token' },
  origin: { type: 'string', valueHint: 'url', description: 'Let pages of this address use the API' },
  'media-ports': { type: 'string', valueHint: 'from-to', description: 'UDP and TCP ports of the video (any)' },
  address: { type: 'string', valueHint: 'ip', description: 'Another address at which this computer is reached' },
  stun: { type: 'string', valueHint: 'host:port', description: 'STUN server, for viewers behind a NAT (none)' },
  idle: { type: 'string', valueHint: 'time', description: 'End when nobody is connected for so long' },
  'log-level': {
    type: 'string',
    valueHint: LOG_LEVELS.join('|'),
    description: 'What is logged to standard error (info)',
  },
} as const

type Flags = { [Name in keyof typeof args]?: string | boolean | undefined }

export const desktop = command({
  name: 'desktop',
  description: 'Run a screen with a browser on it, and serve it as a Neko v3 server',
  args,
  repeated: ['origin', 'address'],
  rest: true,
  examples: [
    'nekode-daemon neko desktop --url https://example.com',
    'nekode-daemon neko desktop --port 0 --size 1920x1080 --idle 10m --json',
    'nekode-daemon neko desktop --browser firefox-esr --admin-password-file ~/.neko-admin -- --private-window',
  ],
  notes: [
    'Needs Xvfb, a window manager, a browser and ffmpeg; what is missing is named with the line that installs it.',
    'Passwords that are not given are made and shown once. Without TLS in front keep it on 127.0.0.1, or in a network that you trust.',
    'Ctrl-C ends the server, the browser and the screen.',
  ],
  async run({ args: flags, rest, every, host, out }): Promise<ExitCode> {
    const options = desktopOptions(flags, rest, every, host.env)
    const idleMs = flags.idle === undefined ? undefined : span('idle', flags.idle)
    const level = oneOf('--log-level', flags['log-level'] ?? 'info', LOG_LEVELS)
    const log = createLogger({ level, write: (line) => host.err(`${line}\n`) })
    for (const name of ['user-password', 'admin-password'] as const)
      if (flags[name] !== undefined) out.note(`Everybody on this computer can read --${name} in the list of processes.`)
    const ended = Promise.withResolvers<string>()
    const stop = (): void => ended.resolve('interrupted')
    host.interrupted().addEventListener('abort', stop)
    process.once('SIGTERM', stop)
    // Loaded here: no other command needs WebRTC.
    const { startDesktop } = await import('../../neko/desktop/desktop')
    const served = await startDesktop({ ...options, env: host.env, log })
    try {
      void served.failed.then((why) => ended.resolve(`the screen has ended: ${why}`))
      show(out, served, options.users)
      const watch = idleMs === undefined ? undefined : endWhenIdle(served, idleMs, ended.resolve)
      const why = await ended.promise
      clearInterval(watch)
      log.info('the desktop ends', { why })
      return why.startsWith('the screen') ? Exit.failed : Exit.ok
    } finally {
      process.off('SIGTERM', stop)
      await served.stop()
    }
  },
})

type Words = (name: string) => string[]

function desktopOptions(flags: Flags, rest: string[], every: Words, env: Env) {
  const text = (name: keyof Flags): string | undefined => {
    const value = flags[name]
    return typeof value === 'string' ? value : undefined
  }
  const number = (name: keyof Flags, least: number, most: number): number | undefined => {
    const value = text(name)
    return value === undefined ? undefined : whole(name, value, least, most)
  }
  const [browser, size, stun, ports] = [text('browser'), text('size'), text('stun'), text('media-ports')]
  if (browser === undefined && rest.length > 0)
    throw usage('What follows “--” is for the browser of --browser.', 'Say which: --browser chromium -- --kiosk')
  const user = passwordOf('user', text, env.NEKO_MEMBER_MULTIUSER_USER_PASSWORD)
  const admin = passwordOf('admin', text, env.NEKO_MEMBER_MULTIUSER_ADMIN_PASSWORD)
  if (user !== undefined && user === admin)
    throw usage('The two passwords are the same: they tell users and admins apart.')
  return {
    port: number('port', 0, MAX_PORT) ?? 8080,
    host: text('host') ?? '127.0.0.1',
    prefix: prefixOf(text('prefix') ?? ''),
    home: resolve(text('home') ?? join(nekodeHome(env), 'neko-desktop')),
    size: size === undefined ? undefined : sizeOf(size),
    frameRate: number('rate', 1, 60),
    kilobits: number('bitrate', 100, 50_000),
    sound: flags.sound !== false,
    browser: browser === undefined ? undefined : [browser, ...rest],
    url: text('url'),
    users: { ...(user === undefined ? {} : { user }), ...(admin === undefined ? {} : { admin }) },
    cookies: flags.cookies === true,
    origins: every('origin').map(originOf),
    iceAddresses: every('address').map(addressOf),
    iceServers: stun === undefined ? [] : [{ urls: [`stun:${stun.replace(/^stun:/, '')}`] }],
    settings: flags['implicit-hosting'] === true ? { implicit_hosting: true } : {},
    ...(ports === undefined ? {} : { icePorts: portsOf(ports) }),
  }
}

function passwordOf(role: 'user' | 'admin', text: (name: keyof Flags) => string | undefined, known?: string) {
  const [given, file] = [text(`${role}-password`), text(`${role}-password-file`)]
  const password = given ?? (file === undefined ? known : readPassword(file, role))
  if (password === '') throw usage(`The password for --${role}-password is empty.`)
  return password
}

function readPassword(file: string, role: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw usage(`--${role}-password-file cannot be read: ${errorText(cause)}.`)
  }
}

function prefixOf(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, '')
  if (path !== '' && !/^[\w.~-]+(\/[\w.~-]+)*$/.test(path))
    throw usage(`--prefix is a path such as /desk, not “${text}”.`)
  return path === '' ? '' : `/${path}`
}

function sizeOf(text: string) {
  const [, width, height, rate] = /^(\d{3,4})x(\d{3,4})(?:@(\d{1,3}))?$/.exec(text) ?? []
  if (width === undefined || height === undefined) throw usage(`--size is a size such as 1280x720, not “${text}”.`)
  return { width: Number(width), height: Number(height), rate: Number(rate ?? 0) }
}

function originOf(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin === 'null')
    throw usage(`--origin is an address such as https://desk.example.com, not “${text}”.`)
  return new URL(text).origin
}

function addressOf(text: string): string {
  if (isIP(text) === 0) throw usage(`--address is an IP address, not “${text}”.`)
  return text
}

function portsOf(text: string): [number, number] {
  const [, from = '', to = ''] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  if (!(Number(from) >= 1024 && Number(from) < Number(to) && Number(to) <= MAX_PORT))
    throw usage(`--media-ports is a range such as 59000-59100, not “${text}”.`)
  return [Number(from), Number(to)]
}

/** A password that was given is not shown: whoever gave it knows it. */
function show(
  out: Output,
  { url, userPassword, adminPassword }: Desktop,
  given: { user?: string; admin?: string },
): void {
  const made = {
    ...(given.user === undefined ? { userPassword } : {}),
    ...(given.admin === undefined ? { adminPassword } : {}),
  }
  const shown = (password: string | undefined) => password ?? 'the one that was given'
  out.show({ url, ...made }, () =>
    [
      `The desktop is at ${url}`,
      `  password of users:  ${shown(made.userPassword)}`,
      `  password of admins: ${shown(made.adminPassword)}`,
      'Any name comes in with them. Steer it from another terminal (it asks for the password):',
      `  nekode-daemon neko manual --neko-url ${url} --username me`,
      'Ctrl-C ends it.',
    ].join('\n'),
  )
}

function endWhenIdle(served: Desktop, idleMs: number, end: (why: string) => void): ReturnType<typeof setInterval> {
  let last = performance.now()
  return setInterval(() => {
    if (served.connected > 0) last = performance.now()
    else if (performance.now() - last >= idleMs) end('nobody was connected')
  }, IDLE_CHECK_MS)
}
