import { waitFor } from './wait'
import type { Room } from './room'

interface Options {
  timeoutMs?: number
  signal?: AbortSignal
}

/**
 * Copies what is selected on the desktop. The server tells the host of a clipboard only when it changes: the same text copied twice comes once.
 * @throws NekodeError unavailable `neko_no_event` when nothing came to the clipboard
 */
export async function copySelection(room: Room, options: Options = {}): Promise<string> {
  return (await waitFor(room, 'clipboard/updated', { ...options, after: () => room.send('control/copy') })).text
}

/** The same, and what was selected is gone. */
export async function cutSelection(room: Room, options: Options = {}): Promise<string> {
  return (await waitFor(room, 'clipboard/updated', { ...options, after: () => room.send('control/cut') })).text
}
