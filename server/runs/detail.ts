import type { RunStep, StepDetail } from '@shared/contract'
import { cut } from '../rpc/text'

/**
 * Bounds of one step, in UTF-16 code units: what is beyond is cut when it is written, and the step says so. Together a step has at most
 * some 700,000 of them, so a page that holds a single step is still a few megabytes at most. Our own daemon sends far less.
 */
const MAX_TEXT = 1 << 18
const MAX_INPUT = 1 << 16
const MAX_DIFF = 1 << 18
const MAX_FILES = 1000
const MAX_ENTRIES = 500
const MAX_LINE = 2000

/** Largest detail that an event carries whole, in bytes. Readers of a larger one fetch the step. */
export const EVENT_BYTES = 1 << 16
/** What an event shows of each long part of a larger one, in UTF-16 code units. */
const EVENT_TEXT = 1 << 13

export type Streaming = Extract<StepDetail, { type: 'text' | 'thought' }>
type Tool = Extract<StepDetail, { type: 'tool' }>

export const isStreaming = (detail: StepDetail): detail is Streaming =>
  detail.type === 'text' || detail.type === 'thought'

/** Bytes of a detail, or of a piece of text, as JSON. */
export const sizeOf = (value: StepDetail | string): number => Buffer.byteLength(JSON.stringify(value))

const CUT = '\n… (cut)'
/** Half a character at the cut is one no more; anywhere else it may be waiting for its other half, in the next piece. */
const clipped = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).toWellFormed()}${CUT}`

/** Whether a text of this length, in UTF-16 code units, can take so many more. */
export const hasRoom = (length: number, more: number): boolean => length + more <= MAX_TEXT

/** A step after what was sent about it, or nothing when a piece of text is missing in between. */
export function merge(known: StepDetail | undefined, sent: StepDetail): StepDetail | undefined {
  if (isStreaming(sent)) {
    const before = known?.type === sent.type ? known.text : ''
    if (sent.offset > before.length) return before.length >= MAX_TEXT ? known : undefined
    const end = sent.offset + sent.text.length
    const text = before.slice(0, sent.offset) + sent.text + before.slice(end)
    return { type: sent.type, offset: 0, text: clipped(text, MAX_TEXT) }
  }
  if (sent.type === 'tool') return boundedTool({ ...(known?.type === 'tool' ? known : undefined), ...sent })
  return bounded(sent)
}

function boundedTool(tool: Tool): Tool {
  const { output, diff, input } = tool
  return {
    ...tool,
    name: cut(tool.name, MAX_LINE),
    title: cut(tool.title, MAX_LINE),
    ...(input === undefined ? {} : { input: boundedInput(input) }),
    ...(output === undefined ? {} : { output: clipped(output, MAX_TEXT) }),
    ...(diff === undefined ? {} : { diff: shorten(diff.slice(0, MAX_FILES), MAX_DIFF) }),
  }
}

function boundedInput(input: unknown): unknown {
  const json = JSON.stringify(input) ?? 'null'
  return json.length <= MAX_INPUT ? input : clipped(json, MAX_INPUT)
}

/** As much of the files' changes as there is room for. */
function shorten(files: NonNullable<Tool['diff']>, length: number): NonNullable<Tool['diff']> {
  let room = length
  return files.map(({ path, diff }) => {
    const shown = clipped(diff, Math.max(0, room))
    room -= diff.length
    return { path: cut(path, MAX_LINE), diff: shown }
  })
}

function bounded(detail: Exclude<StepDetail, Streaming | Tool>): StepDetail {
  switch (detail.type) {
    case 'plan':
      return {
        ...detail,
        entries: detail.entries.slice(0, MAX_ENTRIES).map((e) => ({ ...e, text: cut(e.text, MAX_LINE) })),
      }
    case 'approval':
      return {
        ...detail,
        name: cut(detail.name, MAX_LINE),
        title: cut(detail.title, MAX_LINE),
        ...(detail.input === undefined ? {} : { input: boundedInput(detail.input) }),
      }
    case 'retry':
      return { ...detail, message: cut(detail.message, MAX_LINE) }
    case 'notice':
      return { ...detail, text: clipped(detail.text, MAX_INPUT) }
    case 'cache':
      return { ...detail, model: cut(detail.model, MAX_LINE) }
    case 'usage':
      return detail
  }
}

/** A step as an event tells of it: whole, or with its long parts shortened and `clipped` set. */
export function brief(step: RunStep): RunStep {
  if (sizeOf(step.detail) <= EVENT_BYTES) return step
  return { ...step, detail: briefDetail(step.detail), clipped: true }
}

function briefDetail(detail: StepDetail): StepDetail {
  switch (detail.type) {
    case 'text':
    case 'thought':
    case 'notice':
      return { ...detail, text: cut(detail.text, EVENT_TEXT) }
    case 'tool':
    case 'approval': {
      const input = JSON.stringify(detail.input) ?? ''
      const short = { ...detail, ...(input.length > EVENT_TEXT ? { input: clipped(input, EVENT_TEXT) } : {}) }
      if (short.type === 'approval') return short
      return {
        ...short,
        ...(short.output === undefined ? {} : { output: clipped(short.output, EVENT_TEXT) }),
        ...(short.diff === undefined ? {} : { diff: shorten(short.diff.slice(0, 20), EVENT_TEXT) }),
      }
    }
    case 'plan':
      return { ...detail, entries: detail.entries.slice(0, 20) }
    default:
      return detail
  }
}
