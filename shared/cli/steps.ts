import type { Approval, Run, RunStep, StepDetail } from '@shared/contract'
import { answers, wish } from './approvals'
import type { Output } from './output'
import type { Style } from './table'
import { indent, neutralise, oneLine } from './text'

/** What `runs show --follow` shows one after the other. */
export type Shown =
  { type: 'run'; run: Run } | { type: 'step'; step: RunStep } | { type: 'approval'; approval: Approval }

/** Longest output of a tool that people are shown, in lines. */
const OUTPUT_LINES = 12

const MARK: Record<RunStep['status'], [string, Style]> = {
  running: ['…', 'cyan'],
  completed: ['✓', 'green'],
  failed: ['✗', 'red'],
  skipped: ['-', 'dim'],
}

/** A step that is known whole. */
export function stepText(step: RunStep, out: Output): string {
  const { detail } = step
  const [mark, style] = MARK[step.status]
  const line = (text: string): string => `${out.paint(style, mark)} ${text}`
  switch (detail.type) {
    case 'text':
      return neutralise(detail.text.trimEnd())
    case 'thought':
      return out.paint('dim', indent(neutralise(detail.text.trimEnd()), '  | '))
    case 'tool':
      return [line(toolTitle(detail)), ...toolResult(detail, out)].join('\n')
    case 'plan':
      return detail.entries
        .map((e) => `  ${{ pending: '☐', in_progress: '▸', completed: '☑' }[e.status]} ${oneLine(e.text)}`)
        .join('\n')
    case 'approval':
      return line(`permission: ${oneLine(detail.title || detail.name)}${detail.withdrawn ? ' (withdrawn)' : ''}`)
    case 'usage':
      return ''
    case 'cache':
      return out.paint('dim', savedText(detail))
    case 'retry':
      return line(`attempt ${detail.attempt}: ${oneLine(detail.message)}`)
    case 'notice':
      return out.paint(
        detail.level === 'info' ? 'dim' : detail.level === 'warning' ? 'yellow' : 'red',
        oneLine(detail.text),
      )
  }
}

type Tool = Extract<StepDetail, { type: 'tool' }>

function savedText({ model, usage, costUsd }: Extract<StepDetail, { type: 'cache' }>): string {
  const tokens = usage.input + usage.cacheRead + usage.cacheWrite + usage.output
  const cost = costUsd === undefined ? '' : `, $${costUsd.toFixed(4)}`
  return `answered from the cache: ${oneLine(model)}, saved ${tokens} tokens${cost}`
}

const toolTitle = (d: Tool): string =>
  `${d.kind}: ${oneLine(d.title || d.name)}${d.outcome === undefined || d.outcome === 'completed' ? '' : ` (${d.outcome})`}`

function toolResult(d: Tool, out: Output): string[] {
  const lines = neutralise((d.output ?? '').trimEnd()).split('\n')
  const shown = lines[0] === '' && lines.length === 1 ? [] : lines.slice(0, OUTPUT_LINES)
  const more = lines.length > OUTPUT_LINES ? [`… ${lines.length - OUTPUT_LINES} more lines`] : []
  const files = (d.diff ?? []).map((file) => `    changed ${oneLine(file.path)}`)
  return [...[...shown, ...more].map((text) => out.paint('dim', `    ${text}`)), ...files]
}

/** Prints steps while they grow: text as it streams in, a tool when it starts and when it ends, a thought when it is whole. */
export class StepPrinter {
  /** Characters of a growing text that are printed already, by step. */
  readonly #printed = new Map<string, number>()
  readonly #said = new Set<string>()
  /** The step whose text the last line belongs to. */
  #open: string | undefined

  constructor(private readonly out: Output) {}

  print(item: Exclude<Shown, { type: 'run' }>): void {
    const { out } = this
    if (out.json) return out.item(item, () => '')
    if (item.type === 'approval') {
      const { approval } = item
      if (approval.state !== 'pending') return this.#once(approval.id + approval.state, `permission ${approval.state}`)
      return this.#once(approval.id, `waits for permission: ${wish(approval)}\n${this.out.tell(answers(approval))}`)
    }
    const { step } = item
    // The approval itself says more than its step.
    if (step.detail.type === 'approval') return
    if (step.detail.type === 'text') return this.#grow(step, step.detail)
    if (step.detail.type === 'thought' && step.status === 'running') return
    this.#once(`${step.id} ${step.status}`, stepText(step, out))
  }

  #grow(step: RunStep, detail: Extract<StepDetail, { type: 'text' }>): void {
    const { out } = this
    const printed = this.#printed.get(step.id) ?? 0
    const fresh = detail.text.slice(Math.max(0, printed - detail.offset))
    if (fresh === '') {
      if (step.status !== 'running' && this.#open === step.id) this.endLine()
      return
    }
    if (this.#open !== step.id) this.endLine()
    this.#open = step.id
    this.#printed.set(step.id, Math.max(printed, detail.offset + detail.text.length))
    out.host.out(neutralise(fresh))
    if (step.status !== 'running') this.endLine()
  }

  #once(key: string, text: string): void {
    if (this.#said.has(key) || text === '') return
    this.#said.add(key)
    this.endLine()
    this.out.line(text)
  }

  /** Ends a line that streamed text has left open. */
  endLine(): void {
    if (this.#open === undefined) return
    this.#open = undefined
    this.out.host.out('\n')
  }
}
