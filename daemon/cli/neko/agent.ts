import type { Host } from '@shared/cli/host'
import type { Exits } from '@shared/cli/exit'
import type { Output } from '@shared/cli/output'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { LogFile } from '../../config/logfile'
import { agentSettings, type AgentSettings } from '../../neko/agent/settings'
import { agentLog } from '../../neko/task/log'
import { Metrics, serveMetrics } from '../../neko/task/metrics'
import type { OpenTask } from '../../neko/task/open'
import type { Outcome, TaskEvent } from '../../neko/task/outcome'
import { withPasswordFile } from '../../neko/task/password'
import { command } from '../command'
import { Exit, exitCode } from '../exit'

/** Ends that are no failure of the agent: it did what it could, or somebody wanted it to end. */
const FINE: ReadonlySet<Outcome['reason']> = new Set(['answered', 'done', 'step_limit', 'stopped'])
/** How long a server that is not there is tried at the start. */
const PATIENCE_MS = 30_000

const EXITS: Exits = {
  codes: [
    [0, 'ok: the task is done, used its steps, or was stopped; or all checks passed'],
    [1, 'the task ended in another way, a check failed, or the server cannot be reached or refuses the login'],
    [2, 'wrong usage, or settings that are wrong'],
  ],
  of(error) {
    if (error instanceof NekodeError && error.code === 'bad_settings') return Exit.usage
    return exitCode(error) === Exit.usage ? Exit.usage : Exit.failed
  },
}

export const agent = command({
  name: 'agent',
  description: 'Let a vision model work in a Neko room: one task, or tasks from its chat',
  args: {
    ws: { type: 'string', valueHint: 'url', description: 'Full WebSocket address with a token (NEKO_WS)' },
    'neko-url': { type: 'string', valueHint: 'url', description: 'Address of the server (NEKO_URL)' },
    username: { type: 'string', description: 'Name to log in with (NEKO_USER)' },
    password: { type: 'string', description: 'Better: NEKO_PASS or NEKO_PASS_FILE' },
    task: { type: 'string', description: 'What to do (NEKO_TASK)' },
    mode: { type: 'string', valueHint: 'web|phone', description: 'What the screen is (NEKO_MODE; web)' },
    'max-steps': { type: 'string', valueHint: 'n', description: 'Steps of one task (NEKO_MAX_STEPS; 8)' },
    'time-limit': { type: 'string', valueHint: 'time', description: 'Of one task (NEKO_TIME_LIMIT; 30m)' },
    'refinement-steps': {
      type: 'string',
      valueHint: 'n',
      description: 'Looks at the target of an action; 1: only the first (REFINEMENT_STEPS; 5)',
    },
    frames: {
      type: 'string',
      valueHint: 'auto|webrtc|screenshot',
      description: 'Where pictures come from (NEKO_FRAMES; auto)',
    },
    'agent-type': { type: 'string', description: 'Kind of the model (NEKO_AGENT_TYPE; by its name)' },
    model: { type: 'string', description: 'Name of the model (NEKODE_MODEL)' },
    'metrics-port': { type: 'string', valueHint: 'port', description: 'Figures (PORT, NEKO_METRICS_PORT; 9000)' },
    loglevel: { type: 'string', description: 'DEBUG, INFO, WARNING or ERROR (NEKO_LOGLEVEL; INFO)' },
    'log-format': { type: 'string', valueHint: 'text|json', description: 'Of the log (NEKO_LOG_FORMAT; text)' },
    audio: { type: 'boolean', default: true, description: 'Receive the sound too (NEKO_AUDIO; yes)' },
    online: { type: 'boolean', description: 'Stay, and take tasks from the chat: /task TEXT' },
    healthcheck: { type: 'boolean', description: 'Check settings, model, server and picture, and end' },
  },
  examples: [
    'nekode-daemon neko agent --neko-url https://neko.example.com --username ada --task "Find the opening hours of the museum"',
    'nekode-daemon neko agent --online',
    'nekode-daemon neko agent --healthcheck',
  ],
  notes: [
    'The model: NEKODE_MODEL_BASE_URL with NEKODE_MODEL and NEKODE_MODEL_API_KEY, or OPENROUTER_API_KEY, OPENAI_API_KEY or ANTHROPIC_API_KEY, or a local Ollama. All variables: docs/neko-agent.md.',
    'The answer goes to standard output, the log to standard error, and to NEKO_LOGFILE.',
  ],
  exits: EXITS,
  async run({ args, host, out }) {
    const env = withPasswordFile(host.env)
    // What was not said must not hide what a variable says.
    const flags = { ...args, audio: args.audio ? undefined : false, _: undefined, json: undefined }
    if (args.healthcheck) return check(env, flags, host, out)
    const settings = agentSettings(env, flags)
    const log = openLog(settings, host)
    for (const warning of settings.warnings) log.warn(warning)
    const stop = new AbortController()
    const end = (): void => stop.abort()
    host.interrupted().addEventListener('abort', end, { once: true })
    process.once('SIGTERM', end)
    try {
      return await work({ settings, env, host, out, log, signal: stop.signal })
    } finally {
      process.off('SIGTERM', end)
    }
  },
})

async function check(env: Host['env'], flags: Record<string, unknown>, { err }: Host, out: Output): Promise<number> {
  const { healthChecks, healthText } = await import('../../neko/task/health')
  const log = agentLog({ logger: 'neko.agent', level: 'error', format: 'text', write: (line) => err(`${line}\n`) })
  const checks = await healthChecks(env, flags, log)
  const ok = checks.every((one) => one.ok)
  out.show({ ok, checks }, () => healthText(checks))
  return ok ? Exit.ok : Exit.failed
}

function openLog({ log: { level, format, file }, runId }: AgentSettings, { err }: Host): Logger {
  const to = file === undefined ? undefined : new LogFile({ path: file })
  const write = (line: string): void => {
    err(`${line}\n`)
    to?.write(line)
  }
  return agentLog({ logger: 'neko.agent', level, format, runId, write })
}

interface WorkOptions {
  settings: AgentSettings
  env: Host['env']
  host: Host
  out: Output
  log: Logger
  signal: AbortSignal
}

/** What the console tells somebody who looks at an agent there is of no use at a terminal. */
function forTerminal(error: unknown): never {
  if (!(error instanceof NekodeError) || error.code !== 'runtime_login_required') throw error
  throw new NekodeError(error.kind, error.message, {
    code: error.code,
    next: 'Try it with --healthcheck. All settings of the model: docs/neko-agent-settings.md.',
    cause: error,
  })
}

/** Connects, works, and leaves the room in order. @returns the exit code */
async function work({ settings, env, host, out, log, signal }: WorkOptions): Promise<number> {
  // What receives media and calls models is loaded only here: it is megabytes.
  const [{ openTask }, { createVision }, { Album }] = await Promise.all([
    import('../../neko/task/open'),
    import('../../neko/agent/create'),
    import('../../neko/task/album'),
  ])
  const metrics = new Metrics()
  const onResize = (ms: number): void => metrics.resize.observe(ms / 1000)
  const vision = await createVision(settings, env, { onResize }).catch(forTerminal)
  const { metricsPort: port } = settings
  const figures = serveMetrics(metrics, { hostname: env.NEKO_METRICS_HOST || '127.0.0.1', port, log })
  const album = new Album({ frame: settings.saveFrame, actions: settings.saveActions, log })
  let ask: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
  let open: OpenTask | undefined
  try {
    open = await openTask({
      settings,
      vision,
      log,
      metrics,
      signal,
      patienceMs: PATIENCE_MS,
      ask: (question, over) => (ask ? ask(question, over) : Promise.reject(new Error('nobody can be asked'))),
    })
    const { task, client } = open
    log.info('connected', { url: client.base, model: vision.name, mode: settings.mode })
    task.on((event) => {
      album.on(event)
      if (!out.json) show(event, out)
    })
    const run = settings.online ? online : single
    return await run(open, { settings, host, out, log, signal }, (asks) => (ask = asks))
  } finally {
    await open?.close()
    guard(settings.forceExitGuardMs)
    await album.done()
    await figures?.stop()
    log.info('the agent has ended')
  }
}

type Asker = (question: string, signal: AbortSignal) => Promise<string>
type RunContext = Omit<WorkOptions, 'env'>

async function single(
  { client, task }: OpenTask,
  { settings, host, out, log, signal }: RunContext,
  asks: (ask: Asker) => void,
): Promise<number> {
  const { Chat } = await import('../../neko/task/chat')
  const onStop = (): string => {
    task.stop('It was stopped by the chat.')
    return 'I stop.'
  }
  const onTask = 'I was given one task, and take no other. Start me with --online to give me tasks here.'
  const chat = new Chat({ room: client, task, log, onTask, onStop, maxSteps: settings.maxSteps })
  const isTerminal = host.tty.in && host.tty.err
  asks((question, over) => (isTerminal ? host.ask(`${question}\n> `, false) : chat.ask(question, over)))
  const outcome = await task.run(settings.task, { signal })
  chat.close()
  out.show({ task: settings.task, ...outcome }, () => (FINE.has(outcome.reason) ? outcome.message : ''))
  if (!FINE.has(outcome.reason)) out.note(outcome.message)
  return FINE.has(outcome.reason) ? Exit.ok : Exit.failed
}

async function online(
  open: OpenTask,
  { settings, out, log, signal }: RunContext,
  asks: (ask: Asker) => void,
): Promise<number> {
  const { Online } = await import('../../neko/task/online')
  const over = new AbortController()
  const lost = open.client.ended.then((error) => {
    over.abort()
    return error
  })
  const onOutcome = (task: string, outcome: Outcome): void =>
    out.item({ task, ...outcome }, () => `${outcome.reason}: ${outcome.message}`)
  const agentOnline = new Online({ open, settings, log, onOutcome })
  asks((question, until) => agentOnline.ask(question, until))
  await agentOnline.run(AbortSignal.any([signal, over.signal]))
  if (signal.aborted) return Exit.ok
  const error = await lost
  if (error) throw error
  return Exit.ok
}

/** What happens, for a person who watches the terminal. */
function show(event: TaskEvent, out: Output): void {
  if (event.type === 'thought') out.note(`  ${event.text}`)
  if (event.type === 'waiting') out.note(event.message)
}

/** The room is left in order; what else hangs must not keep the program. */
function guard(ms: number): void {
  if (ms > 0) setTimeout(() => process.exit(0), ms).unref()
}
