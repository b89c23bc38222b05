import type { Mode } from './actions'

export const AGENT_TYPES = ['auto', 'showui', 'qwen', 'qwen25vl', 'qwen3vl', 'uitars', 'claude', 'openai'] as const
export type AgentType = (typeof AGENT_TYPES)[number]

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
  /** The last frame that the model saw, as one PNG. Absolute. */
  saveFrame?: string
  /** A folder, or the beginning of file names, for annotated pictures of actions. Absolute. */
  saveActions?: string
  picture: { shortestEdge: number; longestEdge: number }
  model: {
    type: AgentType
    name?: string
    /** Of one call. */
    timeoutMs: number
    maxTokens: number
    temperature: number
    topP: number
    maxRetries: number
    historySteps: number
    historyPictures: number
    openRouter?: { apiKey: string; baseUrl: string; siteUrl?: string; appName: string }
    reasoning?: { effort?: 'low' | 'medium' | 'high' }
  }
  /** For people: what was given and has no effect, or is unwise. */
  warnings: string[]
}
