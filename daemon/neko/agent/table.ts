import { parseDuration } from '@shared/duration'
import { z } from 'zod'
import { MODES } from './actions'

export const AGENT_TYPES = ['auto', 'showui', 'qwen', 'qwen25vl', 'qwen3vl', 'uitars', 'claude', 'openai'] as const
export type AgentType = (typeof AGENT_TYPES)[number]

/** A text that is read as something else; what it should be is said as "is …". */
const read = <T>(should: string, reader: (text: string) => T | undefined) =>
  z.string().transform((text, context) => {
    const value = reader(text.trim())
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: should })
    return z.NEVER
  })

const number = (text: string): number | undefined => (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined)
const between = (min: number, max: number) => (value: number | undefined) =>
  value !== undefined && value >= min && value <= max ? value : undefined

const whole = (min: number, max: number) =>
  read(`is a whole number from ${min} to ${max}`, (text) =>
    between(min, max)(/^\d+$/.test(text) ? Number(text) : undefined),
  )
const share = (min: number, max: number) =>
  read(`is a number from ${min} to ${max}`, (text) => between(min, max)(number(text)))
/** Seconds, or a time such as 90s or 10m; in seconds. */
const seconds = (min: number, max: number) =>
  read(`is a time from ${min} s to ${max} s, in seconds or such as 90s or 10m`, (text) => {
    const ms = /[a-z]/i.test(text) ? parseDuration(text) : undefined
    return between(min, max)(ms === undefined ? number(text) : ms / 1000)
  })
const oneOf = <const W extends string>(words: readonly W[]) =>
  read(`is one of ${words.join(', ')}`, (text) => words.find((word) => word === text.toLowerCase()))
const yesNo = read('is 1 or 0', (text) => {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  return /^(0|false|no|off)$/i.test(text) ? false : undefined
})
const url = (...protocols: string[]) =>
  read(`is a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`, (text) =>
    protocols.includes(URL.parse(text)?.protocol ?? '') ? text : undefined,
  )
/** `stun:` and `turn:` have no slashes after them. */
const server = (...schemes: string[]) =>
  read(`is of the form ${schemes[0]}:host:port`, (text) =>
    schemes.some((scheme) => text.startsWith(`${scheme}:`) && text.length > scheme.length + 1) ? text : undefined,
  )
const LEVELS = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
} as const
const level = read(`is one of ${Object.keys(LEVELS).join(', ')}`, (text) => {
  const found = Object.entries(LEVELS).find(([name]) => name === text.toLowerCase())
  return found?.[1]
})
const text = z.string().trim()

/** Every value after it was read. What has no default here is optional. */
export const Values = z.object({
  ws: url('ws:', 'wss:').optional(),
  url: url('http:', 'https:').optional(),
  username: text.optional(),
  password: z.string().optional(),
  task: text.max(20_000, 'is at most 20000 characters long').optional(),
  mode: oneOf(MODES).prefault('web'),
  online: yesNo.prefault('0'),
  healthcheck: yesNo.prefault('0'),
  maxSteps: whole(1, 10_000).prefault('8'),
  timeLimitSeconds: seconds(1, 86_400).prefault('1800'),
  refinementSteps: whole(1, 20).prefault('5'),
  audio: yesNo.prefault('1'),
  frames: oneOf(['auto', 'webrtc', 'screenshot']).prefault('auto'),
  icePolicy: oneOf(['strict', 'all']).prefault('strict'),
  stun: server('stun', 'stuns').prefault('stun:stun.l.google.com:19302'),
  turnUrl: server('turn', 'turns').optional(),
  turnUser: text.optional(),
  turnPass: z.string().optional(),
  rtcpKeepalive: yesNo.prefault('0'),
  skipInitialFrames: whole(0, 1000).prefault('5'),
  forceExitGuardMs: whole(0, 600_000).prefault('0'),
  logLevel: level.prefault('info'),
  logFormat: oneOf(['text', 'json']).prefault('text'),
  logFile: text.optional(),
  metricsPort: whole(1, 65_535).prefault('9000'),
  runId: text.max(200, 'is at most 200 characters long').optional(),
  saveFrame: text.optional(),
  saveActions: text.optional(),
  shortestEdge: whole(28, 4096).prefault('224'),
  longestEdge: whole(224, 8192).prefault('1344'),
  agentType: oneOf(AGENT_TYPES).prefault('auto'),
  model: text.optional(),
  repoId: text.optional(),
  qwenModel: text.optional(),
  claudeModel: text.optional(),
  timeoutSeconds: seconds(1, 3600).prefault('120'),
  callTimeoutSeconds: seconds(1, 3600).optional(),
  maxTokens: whole(16, 64_000).prefault('2048'),
  temperature: share(0, 2).prefault('0'),
  topP: share(0, 1).prefault('1'),
  maxRetries: whole(0, 10).prefault('3'),
  historySteps: whole(0, 100).prefault('10'),
  historyPictures: whole(0, 20).prefault('2'),
  reasoningEffort: oneOf(['low', 'medium', 'high']).optional(),
  modelBaseUrl: url('http:', 'https:').optional(),
  routerKey: text.optional(),
  routerModel: text.optional(),
  routerUrl: url('http:', 'https:').prefault('https://openrouter.ai/api/v1/chat/completions'),
  routerSite: text.optional(),
  routerApp: text.prefault('Neko Agent'),
  routerReasoning: yesNo.prefault('1'),
})
export type Values = z.output<typeof Values>

export interface Source {
  /** Variables that set it; the first that is not empty counts. */
  env: readonly string[]
  /** Without `--`; goes before the variables. */
  flag?: string
  /** A value is never shown. */
  secret?: true
}

const from = (...env: string[]): Source => ({ env })
const flagged = (flag: string, ...env: string[]): Source => ({ env, flag })

/** Where each value comes from. */
export const SOURCES: Record<keyof Values, Source> = {
  ws: { ...flagged('ws', 'NEKO_WS'), secret: true },
  url: flagged('neko-url', 'NEKO_URL'),
  username: flagged('username', 'NEKO_USER'),
  password: { ...flagged('password', 'NEKO_PASS'), secret: true },
  task: flagged('task', 'NEKO_TASK'),
  mode: flagged('mode', 'NEKO_MODE'),
  online: flagged('online'),
  healthcheck: flagged('healthcheck'),
  maxSteps: flagged('max-steps', 'NEKO_MAX_STEPS'),
  timeLimitSeconds: flagged('time-limit', 'NEKO_TIME_LIMIT'),
  refinementSteps: flagged('refinement-steps', 'REFINEMENT_STEPS'),
  audio: flagged('audio', 'NEKO_AUDIO'),
  frames: flagged('frames', 'NEKO_FRAMES'),
  icePolicy: from('NEKO_ICE_POLICY'),
  stun: from('NEKO_STUN_URL'),
  turnUrl: from('NEKO_TURN_URL'),
  turnUser: from('NEKO_TURN_USER'),
  turnPass: { ...from('NEKO_TURN_PASS'), secret: true },
  rtcpKeepalive: from('NEKO_RTCP_KEEPALIVE'),
  skipInitialFrames: from('NEKO_SKIP_INITIAL_FRAMES'),
  forceExitGuardMs: from('NEKO_FORCE_EXIT_GUARD_MS'),
  logLevel: flagged('loglevel', 'NEKO_LOGLEVEL'),
  logFormat: flagged('log-format', 'NEKO_LOG_FORMAT'),
  logFile: from('NEKO_LOGFILE'),
  metricsPort: flagged('metrics-port', 'PORT', 'NEKO_METRICS_PORT'),
  runId: from('NEKO_RUN_ID'),
  saveFrame: from('FRAME_SAVE_PATH'),
  saveActions: from('CLICK_SAVE_PATH'),
  shortestEdge: from('SIZE_SHORTEST_EDGE'),
  longestEdge: from('SIZE_LONGEST_EDGE'),
  agentType: flagged('agent-type', 'NEKO_AGENT_TYPE'),
  model: flagged('model', 'NEKODE_MODEL'),
  repoId: from('REPO_ID'),
  qwenModel: from('QWEN_VL_MODEL'),
  claudeModel: from('CLAUDE_MODEL'),
  timeoutSeconds: from('NEKO_INFERENCE_TIMEOUT'),
  callTimeoutSeconds: from('NEKO_MODEL_TIMEOUT', 'OPENROUTER_TIMEOUT'),
  maxTokens: from('NEKO_MODEL_MAX_TOKENS', 'OPENROUTER_MAX_TOKENS'),
  temperature: from('NEKO_MODEL_TEMPERATURE', 'OPENROUTER_TEMPERATURE'),
  topP: from('NEKO_MODEL_TOP_P', 'OPENROUTER_TOP_P'),
  maxRetries: from('NEKO_MODEL_MAX_RETRIES', 'OPENROUTER_MAX_RETRIES'),
  historySteps: from('NEKO_HISTORY_STEPS'),
  historyPictures: from('NEKO_HISTORY_PICTURES'),
  reasoningEffort: from('NEKO_MODEL_REASONING_EFFORT', 'OPENROUTER_REASONING_EFFORT'),
  modelBaseUrl: from('NEKODE_MODEL_BASE_URL'),
  routerKey: { ...from('OPENROUTER_API_KEY'), secret: true },
  routerModel: from('OPENROUTER_MODEL'),
  routerUrl: from('OPENROUTER_BASE_URL'),
  routerSite: from('OPENROUTER_SITE_URL'),
  routerApp: from('OPENROUTER_APP_NAME'),
  routerReasoning: from('OPENROUTER_REASONING_ENABLED'),
}

/** Variables of earlier agents that loaded their model themselves. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  OFFLOAD_FOLDER: 'models run at an endpoint, which keeps their files itself',
  NEKO_PROMPT_STRATEGY: 'each kind of model has its own prompt; NEKO_AGENT_TYPE chooses it',
}
