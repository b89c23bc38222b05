import type { CallOptions } from './http'
import type { NekoRest, Upload } from './rest'
import type { Room } from './room'
import { waitFor } from './wait'

/**
 * Gives files to the file dialog of a page, once it is open.
 * @throws NekodeError unavailable `neko_no_event` when none opens in time, forbidden when this session is not host
 */
export async function chooseFiles(
  room: Room & { readonly rest: NekoRest },
  files: readonly Upload[],
  { timeoutMs = 5000, ...options }: CallOptions = {},
): Promise<void> {
  if (!room.state.chooserOpen)
    await waitFor(room, 'file_chooser_dialog/opened', {
      timeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
    })
  await room.rest.upload.dialog(files, options)
}
