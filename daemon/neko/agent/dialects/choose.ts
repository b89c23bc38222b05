import type { AgentType } from '../settings'
import { claude } from './claude'
import { computer } from './computer'
import type { Dialect, Edges } from './dialect'
import { qwen25vl, qwen3vl } from './qwen'
import { showui } from './showui'
import { uitars } from './uitars'

/** The dialect of a model: that of NEKO_AGENT_TYPE, else what its name says, else tools. */
export function chooseDialect(
  type: AgentType,
  model: string,
  provider: 'openai-compatible' | 'anthropic',
  edges: Edges,
): Dialect {
  const kind = type === 'auto' ? byName(model, provider) : type
  switch (kind) {
    case 'showui':
      return showui(edges)
    case 'qwen':
      return isPixelQwen(model) ? qwen25vl(edges) : qwen3vl(edges)
    case 'qwen25vl':
      return qwen25vl(edges)
    case 'qwen3vl':
      return qwen3vl(edges)
    case 'uitars':
      return uitars(
        edges,
        /1[._-]5/.test(model.replace(/doubao.?1[._-]5/i, '')) || !/ui.?tars/i.test(model) ? 'pixels' : 'thousandths',
      )
    case 'claude':
      // The computer tool of Anthropic exists at its own API only; elsewhere Claude has tools as others have.
      return provider === 'anthropic' ? claude(edges, model) : computer(edges)
    default:
      return computer(edges)
  }
}

function byName(model: string, provider: 'openai-compatible' | 'anthropic'): AgentType {
  if (provider === 'anthropic') return 'claude'
  if (/show-?ui/i.test(model)) return 'showui'
  if (/ui-?_?tars/i.test(model)) return 'uitars'
  return /qwen.*vl|qwen-?(?:3\.[5-9]|[4-9])|qwen2?\.5.?vl/i.test(model) ? 'qwen' : 'openai'
}

/** Only 2.5 measures in pixels; 2 and 3 have 0 to 1000. */
const isPixelQwen = (model: string): boolean => /qwen-?2[._-]?5|qwen25/i.test(model)
