import type { Selected } from './format'

export const selectedIn = (area: HTMLTextAreaElement): Selected => ({
  text: area.value,
  start: area.selectionStart,
  end: area.selectionEnd,
})

/** Changes the field as if it had been typed, so that the browser's own undo takes it back. */
export function applyEdit(area: HTMLTextAreaElement, next: Selected): void {
  const before = area.value
  let from = 0
  while (from < before.length && before[from] === next.text[from]) from++
  let same = 0
  const most = Math.min(before.length, next.text.length) - from
  while (same < most && before[before.length - 1 - same] === next.text[next.text.length - 1 - same]) same++
  const inserted = next.text.slice(from, next.text.length - same)
  area.focus()
  area.setSelectionRange(from, before.length - same)
  const done = document.execCommand?.(inserted ? 'insertText' : 'delete', false, inserted)
  if (!done || area.value !== next.text) {
    area.value = next.text
    area.dispatchEvent(new InputEvent('input', { bubbles: true }))
  }
  area.setSelectionRange(next.start, next.end)
}
