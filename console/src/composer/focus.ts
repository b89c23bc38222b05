/** Puts the caret behind what is already written to the conversation on screen. */
export function focusComposer(): void {
  const area = document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')
  area?.focus()
  area?.setSelectionRange(area.value.length, area.value.length)
}
