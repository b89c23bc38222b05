import { tmpdir } from 'node:os'
import { isAbsolute, join, normalize, resolve } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { Mode } from './actions'
import { type AgentType, type Source, SOURCES, Values, WITHOUT_EFFECT } from './table'

export { AGENT_TYPES, type AgentType } from './table'

/** All that an agent in a Neko room can be told by variables and flags. Secrets are in `connection`, `ice` and `model` only. */
export interface AgentSettings {
  /** `ws` (a whole URL with its token) goes before the other three. */
  connection: { ws?: string; url?: string; username?: string; password?: string }
  task: string
  mode: Mode
  online: boolean
  healthcheck: boolean
  maxSteps: number
  /** Of one task. */
  timeLimitSeconds: number
  /** Looks at the target of an action, the first one included: 1 is without refinement. */
  refinementSteps: number
  audio: boolean
  frames: 'auto' | 'webrtc' | 'screenshot'
  /** Fits `IcePolicy` of the media session. */
  ice: { policy: 'strict' | 'all'; stun?: string; turn?: { url: string; user: string; pass: string } }
  rtcpKeepalive: boolean
  skipInitialFrames: number
  /** 0: off. */
  forceExitGuardMs: number
  log: { level: 'debug' | 'info' | 'warn' | 'error'; format: 'text' | 'json'; file?: string }
  metricsPort: number
  runId?: string
  /** Where the frame that the model saw is kept: an image file that is replaced, or a folder. Absolute. */
  saveFrame?: string
  /** A folder, or (ending in `-`, `_` or `.`) the beginning of file names, for annotated pictures of actions. Absolute. */
  saveActions?: string
  picture: { shortestEdge: number; longestEdge: number }
  model: {
    type: AgentType
    name?: string
    /** Of one reply, with its retries. */
    timeoutMs: number
    /** Of one call. */
    callTimeoutMs: number
    maxTokens: number
    temperature: number
    topP: number
    maxRetries: number
    historySteps: number
    historyPictures: number
    openRouter?: { apiKey: string; baseUrl: string; model: string; siteUrl?: string; appName: string }
    /** Absent: the model is not asked to reason. */
    reasoning?: { effort?: 'low' | 'medium' | 'high' }
  }
  /** For people: what was given and has no effect, or is unwise. */
  warnings: string[]
}

type Env = Record<string, string | undefined>
/** Flags by their names without `--`; what was not given is undefined. */
export type AgentFlags = Readonly<Record<string, unknown>>
interface Complaint {
  path: string
  message: string
}

/** A placeholder of the documents, which stands for nothing. */
const EXAMPLE = /^wss?:\/\/neko\.example\.com(\/|$)/i
const DEFAULT_TASK = 'Search the weather'
const DEFAULT_ROUTER_MODEL = 'qwen/qwen2.5-vl-72b-instruct'
const DEFAULT_REPO = 'showlab/ShowUI-2B'

/**
 * Settings from flags, which go first, and from the environment.
 *
 * @param options.connects false: it is connected already, so that no address is needed
 * @throws NekodeError invalid `bad_settings`, whose message and details name everything that is wrong
 */
export function agentSettings(env: Env, flags: AgentFlags = {}, options: { connects?: boolean } = {}): AgentSettings {
  const wrong: Complaint[] = []
  const warnings = Object.keys(WITHOUT_EFFECT)
    .filter((name) => env[name])
    .map((name) => `${name} has no effect: ${WITHOUT_EFFECT[name]}.`)
  const values = readAll(env, flags, wrong, warnings)
  const connection = connectionOf(values, options.connects ?? true, wrong, warnings)
  const ice = iceOf(values, wrong)
  const model = modelOf(values, wrong)
  const saveFrame = savePath('FRAME_SAVE_PATH', values.saveFrame, wrong)
  const saveActions = savePath('CLICK_SAVE_PATH', values.saveActions, wrong)
  if (values.shortestEdge > values.longestEdge)
    wrong.push({ path: 'SIZE_SHORTEST_EDGE', message: 'is not larger than SIZE_LONGEST_EDGE' })
  warnings.push(...unwise(flags))
  if (wrong.length > 0) throw badSettings(wrong)
  const { task = DEFAULT_TASK, logLevel, logFormat, logFile, runId } = values
  return {
    connection,
    task,
    mode: values.mode,
    online: values.online,
    healthcheck: values.healthcheck,
    maxSteps: values.maxSteps,
    timeLimitSeconds: values.timeLimitSeconds,
    refinementSteps: values.refinementSteps,
    audio: values.audio,
    frames: values.frames,
    ice,
    rtcpKeepalive: values.rtcpKeepalive,
    skipInitialFrames: values.skipInitialFrames,
    forceExitGuardMs: values.forceExitGuardMs,
    log: { level: logLevel, format: logFormat, ...(logFile ? { file: logFile } : {}) },
    metricsPort: values.metricsPort,
    ...(runId ? { runId } : {}),
    ...(saveFrame ? { saveFrame } : {}),
    ...(saveActions ? { saveActions } : {}),
    picture: { shortestEdge: values.shortestEdge, longestEdge: values.longestEdge },
    model,
    warnings,
  }
}

const badSettings = (details: Complaint[]): NekodeError =>
  new NekodeError(
    'invalid',
    `Settings are wrong:\n${details.map(({ path, message }) => `  - ${path} ${message}`).join('\n')}`,
    { code: 'bad_settings', details, next: 'Correct them, and run it again; --help lists the flags.' },
  )

/** Every value by its schema; what cannot be read is listed, and is as if it had not been given. */
function readAll(env: Env, flags: AgentFlags, wrong: Complaint[], warnings: string[]): Values {
  const raw = new Map<string, { text: string; where: string; secret: boolean }>()
  for (const [name, source] of Object.entries(SOURCES)) {
    const found = rawOf(name, source, env, flags, warnings)
    if (found) raw.set(name, { ...found, secret: source.secret ?? false })
  }
  const texts = () => Object.fromEntries([...raw].map(([name, { text }]) => [name, text]))
  const { data, error } = Values.safeParse(texts())
  if (data) return data
  for (const { path, message } of error.issues) {
    const name = String(path[0])
    const { text = '', where = name, secret = false } = raw.get(name) ?? {}
    wrong.push({ path: where, message: secret ? message : `${message}, not “${text}”` })
    raw.delete(name)
  }
  return Values.parse(texts())
}

/** What was given for a value, and where; a flag goes first. */
function rawOf(name: string, { flag, env: variables }: Source, env: Env, flags: AgentFlags, warnings: string[]) {
  const said = flag === undefined ? undefined : flags[flag]
  if (flag === 'audio' && (said === false || flags['no-audio'] === true)) return { text: '0', where: '--no-audio' }
  // An option that is not given is false, and says nothing.
  if (flag !== undefined && said !== undefined && said !== false && said !== '' && flag !== 'audio')
    return { text: String(said), where: `--${flag}` }
  for (const variable of variables) {
    const text = env[variable]
    if (text === undefined || text.trim() === '' || (name === 'ws' && EXAMPLE.test(text))) continue
    // Other programs have a PORT of their own, with words of their own.
    if (variable === 'PORT' && !(/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535)) {
      warnings.push('PORT is no port, and is not used.')
      continue
    }
    return { text, where: variable }
  }
  return undefined
}

function connectionOf(
  { ws, url, username, password }: Values,
  isNeeded: boolean,
  wrong: Complaint[],
  warnings: string[],
): AgentSettings['connection'] {
  if (ws !== undefined) {
    const others = Object.entries({ NEKO_URL: url, NEKO_USER: username, NEKO_PASS: password })
    const ignored = others.filter(([, value]) => value !== undefined).map(([name]) => name)
    if (ignored.length > 0)
      warnings.push(`${ignored.join(', ')} have no effect, as the whole address is given (NEKO_WS).`)
    return { ws }
  }
  // What was given but could not be read is listed already.
  const isListed = (name: string, flag: string) => wrong.some(({ path }) => path === name || path === flag)
  if (isNeeded && !isListed('NEKO_WS', '--ws')) {
    if (url === undefined && !isListed('NEKO_URL', '--neko-url'))
      wrong.push({
        path: 'NEKO_URL',
        message: '(--neko-url) is missing: the address of the Neko server, or NEKO_WS with a token',
      })
    if (username === undefined) wrong.push({ path: 'NEKO_USER', message: '(--username) is missing' })
    if (password === undefined) wrong.push({ path: 'NEKO_PASS', message: '(--password) is missing' })
  }
  return { ...(url ? { url } : {}), ...(username ? { username } : {}), ...(password ? { password } : {}) }
}

/** Everyone on the computer can read what a program was called with. */
function unwise(flags: AgentFlags): string[] {
  const open = [flags.password === undefined ? '' : '--password', /token=/.test(String(flags.ws ?? '')) ? '--ws' : '']
  const names = open.filter((name) => name !== '')
  const warnings = names.map(
    (name) =>
      `${name} is on the command line, which others on this computer can read: use ${name === '--ws' ? 'NEKO_WS' : 'NEKO_PASS'}.`,
  )
  if (flags.online === true && flags.task !== undefined)
    warnings.push('--task has no effect with --online: tasks come by the chat.')
  return warnings
}

function iceOf(
  { icePolicy: policy, stun, turnUrl, turnUser, turnPass }: Values,
  wrong: Complaint[],
): AgentSettings['ice'] {
  if (turnUrl === undefined) return { policy, stun }
  if (turnUser === undefined || turnPass === undefined) {
    wrong.push({ path: 'NEKO_TURN_URL', message: 'goes with NEKO_TURN_USER and NEKO_TURN_PASS' })
    return { policy, stun }
  }
  return { policy, stun, turn: { url: turnUrl, user: turnUser, pass: turnPass } }
}

function modelOf(values: Values, wrong: Complaint[]): AgentSettings['model'] {
  const { routerKey, routerSite, reasoningEffort: effort, agentType, timeoutSeconds, modelBaseUrl } = values
  const usesRouter = routerKey !== undefined && modelBaseUrl === undefined
  const name = modelName(values)
  const router = name ?? values.routerModel ?? DEFAULT_ROUTER_MODEL
  if (usesRouter && !router.includes('/'))
    wrong.push({ path: 'OPENROUTER_MODEL', message: `is of the form maker/model, not “${router}”` })
  const callSeconds = values.callTimeoutSeconds ?? (usesRouter ? Math.min(60, timeoutSeconds) : timeoutSeconds)
  const isAsked = effort !== undefined || (usesRouter && values.routerReasoning)
  return {
    type: agentType,
    ...(name ? { name } : {}),
    timeoutMs: timeoutSeconds * 1000,
    callTimeoutMs: callSeconds * 1000,
    maxTokens: values.maxTokens,
    temperature: values.temperature,
    topP: values.topP,
    maxRetries: values.maxRetries,
    historySteps: values.historySteps,
    historyPictures: values.historyPictures,
    ...(isAsked ? { reasoning: effort ? { effort } : {} } : {}),
    ...(usesRouter
      ? {
          openRouter: {
            apiKey: routerKey,
            // The address of earlier agents has the whole path.
            baseUrl: values.routerUrl.replace(/\/chat\/completions\/?$/, '').replace(/\/$/, ''),
            model: router,
            appName: values.routerApp,
            ...(routerSite ? { siteUrl: routerSite } : {}),
          },
        }
      : {}),
  }
}

/** What the model is called, as far as it is said: each kind of agent has a variable of its own. */
function modelName({ model, agentType, repoId, qwenModel, claudeModel, modelBaseUrl }: Values): string | undefined {
  if (model) return model
  // A server of one's own knows what it serves.
  if (agentType === 'showui') return repoId ?? (modelBaseUrl ? undefined : DEFAULT_REPO)
  if (agentType.startsWith('qwen') && qwenModel) return qwenModel
  if (agentType === 'claude' && claudeModel) return claudeModel
  return repoId
}

/** Relative paths are below a folder of our own, wherever the program was started. */
function savePath(name: string, path: string | undefined, wrong: Complaint[]): string | undefined {
  if (path === undefined || isAbsolute(path)) return path
  const base = join(tmpdir(), 'neko-agent')
  if (normalize(path).startsWith('..'))
    wrong.push({ path: name, message: `is below ${base} unless it begins with /, and cannot begin with ..` })
  const full = resolve(base, path)
  return path.endsWith('/') ? `${full}/` : full
}
