import { createSignal } from 'solid-js'

/** What is open over the conversation for one message: its menu, the picker of emoji, its history, the form of a decision. */
export interface Overlay {
  kind: 'menu' | 'emoji' | 'edits' | 'promote'
  messageId: string
  /** It was opened from where a thread stands. */
  inThread: boolean
  /** What it stands beside, on a wide screen. */
  anchor: HTMLElement
  /** Opens its thread; absent inside a thread. */
  onThread?: ((id: string) => void) | undefined
}

const [overlay, setOverlay] = createSignal<Overlay>()
export { overlay }

export const openOverlay = (next: Overlay): void => void setOverlay(next)

/** Closes what is open, unless something else has been opened meanwhile. */
export const closeOverlay = (kind: Overlay['kind']): void =>
  void setOverlay((now) => (now?.kind === kind ? undefined : now))
