import { anthropic } from '@ai-sdk/anthropic'
import type { ToolSet } from 'ai'
import type { Size } from '../../geometry'
import { pixels } from '../places'
import { conversation } from './conversation'
import type { Dialect, Edges } from './dialect'
import { bounded, ofPixels } from './size'
import { conduct, ENDING, readCalls } from './tools'

/** The API makes larger pictures smaller by itself, and positions would be measured in those. */
const MOST_PIXELS = 1_150_000
const LONGEST_EDGE = 1568

export type ComputerTool = '20241022' | '20250124' | '20251124' | '20260801'

/** Which version of the computer tool a model has; the library sends the beta header that belongs to it. */
export function computerTool(model: string): ComputerTool {
  const name = model.toLowerCase()
  // claude-3-5-sonnet has its family last; since Claude 4 it comes first: claude-opus-4-5-20251101.
  if (/claude-3[-.]5/.test(name)) return '20241022'
  if (/claude-3/.test(name)) return '20250124'
  const [, family = '', major = '0', minor = '0'] = /claude-([a-z]+)-(\d{1,2})(?:[-.](\d{1,2})(?!\d))?/.exec(name) ?? []
  const version = Number(major) + Number(minor) / 100
  if (version >= 5 || (family === 'opus' && version >= 4.08)) return '20260801'
  if (version >= 4.06 || (family === 'opus' && version >= 4.05)) return '20251124'
  return '20250124'
}

function tools(version: ComputerTool, { width, height }: Size): ToolSet {
  const display = { displayWidthPx: width, displayHeightPx: height }
  const made = {
    '20241022': () => anthropic.tools.computer_20241022(display),
    '20250124': () => anthropic.tools.computer_20250124(display),
    '20251124': () => anthropic.tools.computer_20251124(display),
    // What is not done here is not offered, where that can be said.
    '20260801': () =>
      anthropic.tools.computerToolset_20260801({
        configs: Object.fromEntries(
          ['zoom', 'hold_key', 'left_mouse_down', 'left_mouse_up'].map((name) => [name, { enabled: false }]),
        ),
      }),
  }
  return { computer: made[version](), ...ENDING }
}

/** Anthropic's computer use: its own tool, positions in pixels of the picture that was sent. */
export function claude(edges: Edges, model: string): Dialect {
  const version = computerTool(model)
  return {
    name: `claude (computer_${version})`,
    fit: (picture) =>
      ofPixels(bounded(picture, { ...edges, longestEdge: Math.min(edges.longestEdge, LONGEST_EDGE) }), MOST_PIXELS),
    request: (ask) => ({
      system: conduct(ask),
      messages: conversation(ask, true),
      tools: tools(version, ask.picture),
    }),
    read: (reply, ask) => readCalls(reply, ask, pixels(ask.picture)),
  }
}
