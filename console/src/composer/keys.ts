import type { Completion } from './completion'
import { applyEdit, selectedIn } from './edit'
import { format, nextLine, type Format } from './format'

interface KeyOptions {
  completion: Completion
  area: () => HTMLTextAreaElement | undefined
  submit: () => void
  /** Nothing is written and nothing attached. */
  isEmpty: () => boolean
  /** @returns whether there is a message to edit */
  editLast: () => boolean
}

const formats: Record<string, Format> = { b: 'bold', i: 'italic', e: 'code', k: 'link' }
const shifted: Record<string, Format> = { x: 'strike', '.': 'quote', '>': 'quote', '8': 'list', '*': 'list' }

/** The format that a press asks for. Ctrl-K without a selection stays what it is everywhere else. */
function formatOf(event: KeyboardEvent, area: HTMLTextAreaElement): Format | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined
  const kind = (event.shiftKey ? shifted : formats)[event.key.toLowerCase()]
  return kind === 'link' && area.selectionStart === area.selectionEnd ? undefined : kind
}

/** What a key does in the field besides typing. */
export const createKeys = (options: KeyOptions) => (event: KeyboardEvent) => {
  // While an input method composes, all keys are its own; Safari tells of the last one too late and with this code.
  if (event.isComposing || event.keyCode === 229) return
  const area = options.area()
  if (!area) return
  if (options.completion.key(event)) return event.preventDefault()
  const kind = formatOf(event, area)
  if (kind) {
    event.preventDefault()
    return applyEdit(area, format(selectedIn(area), kind))
  }
  if (event.key === 'Enter') enter(event, area, options)
  else if (event.key === 'ArrowUp' && options.isEmpty() && !event.altKey && !event.shiftKey) {
    if (options.editLast()) event.preventDefault()
  } else if (event.key === 'Escape') area.blur()
}

function enter(event: KeyboardEvent, area: HTMLTextAreaElement, { submit }: KeyOptions): void {
  if (event.altKey) return
  if (event.shiftKey) {
    const next = nextLine(selectedIn(area))
    if (!next) return
    event.preventDefault()
    return applyEdit(area, next)
  }
  event.preventDefault()
  submit()
}
