import type { Logger } from '@shared/log'
import type { TokenUsage } from '../../runtimes/events'
import type { Action } from '../agent/actions'
import type { AgentSettings } from '../agent/settings'
import type { PastStep, Vision } from '../agent/vision'
import type { Picture } from '../frames/picture'
import type { Box } from '../geometry'
import type { Metrics } from './metrics'

export interface Closer {
  vision: Vision
  settings: AgentSettings
  log: Logger
  metrics: Metrics
  history: readonly PastStep[]
  signal: AbortSignal
  onUsage(usage: TokenUsage): void
}

export interface Drawing {
  action: Action
  /** Parts of the screen that were looked at more closely. */
  boxes: readonly Box[]
  picture: Picture
  step: number
}

export async function closer(
  wanted: Action,
  _picture: Picture,
  _options: Closer,
): Promise<{ action: Action; boxes: Box[] }> {
  return { action: wanted, boxes: [] }
}

export async function draw({ picture }: Drawing): Promise<Uint8Array> {
  return picture.jpeg({ quality: 80 })
}
