import { join } from 'node:path'
import type { Host } from '@shared/cli/host'
import type { Output } from '@shared/cli/output'
import { span } from '@shared/cli/values'
import { NekodeError } from '@shared/errors'
import { nekodeHome } from '@shared/home'
import type { Logger } from '@shared/log'
import { NekoClient } from '../../neko/client/client'
import type { Frames } from '../../neko/frames/frames'
import { History } from '../../neko/manual/history'
import type { IcePolicy } from '../../neko/media/ice'
import { converse, narrate, warnings } from '../../neko/manual/interactive'
import type { Face, FrameKind } from '../../neko/manual/manual'
import { linesOf, runLines } from '../../neko/manual/piped'
import { ManualSession } from '../../neko/manual/session'
import { manualSettings, openLog, type ManualSettings } from '../../neko/manual/settings'
import { Terminal } from '../../neko/manual/terminal'
import { completions } from '../../neko/manual/verbs'
import { command } from '../command'
import { Exit } from '../exit'

export const manual = command({
  name: 'manual',
  description: 'Steer a Neko room from the terminal, or with a script on standard input',
  args: {
    ws: { type: 'string', valueHint: 'url', description: 'Full WebSocket address with a token (NEKO_WS)' },
    'neko-url': { type: 'string', alias: ['url'], valueHint: 'url', description: 'Address of the server (NEKO_URL)' },
    username: { type: 'string', description: 'Name to log in with (NEKO_USER)' },
    password: { type: 'string', description: 'Better: NEKO_PASS, NEKO_PASS_FILE, or being asked for it' },
    norm: { type: 'boolean', alias: ['normalized'], description: 'Coordinates are 0 to 1 instead of pixels' },
    size: { type: 'string', valueHint: 'WxH', description: 'Coordinates are of a screen of this size (NEKO_SIZE)' },
    'auto-host': { type: 'boolean', default: true, description: 'Ask to steer at each connection (yes)' },
    media: { type: 'boolean', default: true, description: 'Take pictures from the video; else from screenshots (yes)' },
    audio: { type: 'boolean', default: true, description: 'Record the sound too (yes)' },
    do: { type: 'string', valueHint: 'line', description: 'Run this instead of what standard input says' },
    'keep-going': { type: 'boolean', description: 'In a script: go on after a command that failed' },
    wait: { type: 'string', valueHint: 'time', default: '30s', description: 'Longest wait of a script to steer (30s)' },
    'keep-text': { type: 'boolean', description: 'Keep lines with text to type in the history too' },
  },
  repeated: ['do'],
  examples: [
    'nekode-daemon neko manual --neko-url https://neko.example.com --username ada',
    `nekode-daemon neko manual --do "tap 640 60" --do 'text "example.org"' --do enter --do "screenshot page.png"`,
    'nekode-daemon neko manual --json < steps.txt',
  ],
  notes: [
    'Type “help” for the commands, or see docs/neko-manual.md. A script ends at the first command that fails, with exit code 1; “#” begins a comment.',
    'Logs: NEKO_LOGLEVEL (DEBUG, INFO, WARNING, ERROR), NEKO_LOGFILE.',
  ],
  async run({ args, every, host, out }) {
    const lines = every('do')
    const isInteractive = lines.length === 0 && host.tty.in && host.tty.err
    const settings = manualSettings(args, host.env, isInteractive)
    for (const warning of settings.warnings) out.note(`Warning: ${warning}`)
    const sink = { write: (line: string): void => host.err(`${line}\n`) }
    const log = openLog(settings.log, (line) => sink.write(line))
    const end = new AbortController()
    const stop = (): void => end.abort(new NekodeError('invalid', 'Interrupted.', { code: 'interrupted' }))
    host.interrupted().addEventListener('abort', stop)
    process.once('SIGTERM', stop)
    try {
      const client = await connect(settings, { host, log, signal: end.signal, autoHost: args['auto-host'] })
      const options: RunOptions = {
        client,
        host,
        out,
        log,
        signal: end.signal,
        input: { normalised: args.norm === true, ...(settings.size ? { size: settings.size } : {}) },
        audio: args.audio,
        framesOf: (kind) => framesOf(client, kind, { media: args.media, audio: args.audio, ice: settings.ice, log }),
      }
      try {
        if (isInteractive) return await sit({ ...options, sink, keepsText: args['keep-text'] === true })
        const script = { keepGoing: args['keep-going'] === true, patienceMs: span('wait', args.wait) }
        const source = lines.length > 0 ? lines : linesOf(Bun.stdin.stream())
        return await play({ ...options, ...script, source, waits: args['auto-host'] })
      } finally {
        await client.close()
      }
    } finally {
      process.off('SIGTERM', stop)
    }
  },
})

interface ConnectContext {
  host: Host
  log: Logger
  signal: AbortSignal
  autoHost: boolean
}

async function connect({ connection }: ManualSettings, context: ConnectContext): Promise<NekoClient> {
  const { host, log, signal, autoHost } = context
  const account = 'ws' in connection ? connection : await withPassword(host, connection)
  // Only while it connects: later the keys that are down are let go of before the connection ends.
  const trying = new AbortController()
  const abort = (): void => trying.abort(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await NekoClient.connect({ ...account, log, autoHost, signal: trying.signal })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function withPassword(host: Host, account: { url: string; username: string; password: string | undefined }) {
  return { ...account, password: account.password ?? (await askPassword(host, account.username)) }
}

function askPassword(host: Host, username: string): Promise<string> {
  if (host.tty.in && host.tty.err) return host.ask(`Password of ${username}: `, true)
  throw new NekodeError('invalid', 'The password is missing.', {
    code: 'usage',
    next: 'Give it as NEKO_PASS, or the file that holds it as NEKO_PASS_FILE.',
  })
}

interface FrameContext {
  media: boolean
  audio: boolean
  ice: IcePolicy
  log: Logger
}

/** Loaded when it is used first: what receives and decodes media is megabytes. */
async function framesOf(
  client: NekoClient,
  kind: FrameKind,
  { media, audio, ice, log }: FrameContext,
): Promise<Frames> {
  const { Frames } = await import('../../neko/frames/frames')
  const hasScreenshots = client.profile?.is_admin === true || client.state.screencast
  const prefer = !media || (kind === 'still' && hasScreenshots) ? 'screenshot' : 'auto'
  return new Frames(client, { prefer, audio: audio && kind === 'live', ice, log })
}

interface RunOptions {
  client: NekoClient
  host: Host
  out: Output
  log: Logger
  signal: AbortSignal
  input: { normalised: boolean; size?: { width: number; height: number } }
  framesOf: (kind: FrameKind) => Promise<Frames>
  audio: boolean
}

/** Runs a script. */
async function play(
  options: RunOptions & {
    source: AsyncIterable<string> | Iterable<string>
    keepGoing: boolean
    patienceMs: number
    /** Whether it is to steer before its first command. */
    waits: boolean
  },
): Promise<number> {
  const { client, out, signal, input, framesOf, audio, source, keepGoing, patienceMs } = options
  const face: Face = {
    interactive: false,
    secret: () =>
      Promise.reject(
        new NekodeError('precondition', 'A script cannot be asked.', {
          code: 'not_interactive',
          next: 'Run it by hand.',
        }),
      ),
    note: (text) => out.note(text),
    screen: undefined,
  }
  const session = new ManualSession({ desk: client, face, input, frames: framesOf, audio, signal })
  try {
    if (options.waits && client.profile?.can_host) await client.acquire({ timeoutMs: patienceMs, signal })
    const failed = await runLines(source, { session, out, keepGoing, patienceMs, signal })
    return failed === 0 ? Exit.ok : Exit.failed
  } finally {
    await session.close()
  }
}

/** Runs what a person types. */
async function sit(
  options: RunOptions & { keepsText: boolean; sink: { write: (line: string) => void } },
): Promise<number> {
  const { client, host, out, log, signal, input, framesOf, audio, keepsText } = options
  const path = join(nekodeHome(host.env), 'neko', 'history')
  const history = new History({ path, keepsText, log })
  let session: ManualSession | undefined
  const terminal = new Terminal({
    env: host.env,
    input: process.stdin,
    output: process.stderr,
    pictures: host.tty.out ? process.stdout : undefined,
    prompt: out.paintNote('cyan', 'neko> '),
    history: history.load(),
    complete: (line) => {
      if (!session) return [[], line]
      const { found, word } = completions(line, session)
      return [found, word]
    },
  })
  session = new ManualSession({ desk: client, face: terminal, input, frames: framesOf, audio, signal })
  // A line of the log does not break the one that is being typed.
  options.sink.write = (line) => terminal.note(line)
  const silence = narrate(client, (text) => terminal.note(text))
  try {
    out.note("Starting Neko manual CLI. Type 'help' for commands. Ctrl+D or 'quit' to exit.")
    for (const warning of warnings(client)) out.note(warning)
    let last: string | undefined
    const onLine = (line: string): void => {
      history.add(line, last)
      last = line
    }
    await converse({ session, terminal, out, onLine, signal })
    return Exit.ok
  } finally {
    silence()
    terminal.close()
    await session.close()
  }
}
