import type { Size } from '../geometry'
import type { ScreenSize } from '../protocol/types'
import type { CallOptions } from './http'
import type { NekoRest } from './rest'
import type { Room } from './room'
import { waitFor } from './wait'

/**
 * Gives the screen another size, as an administrator, and waits until it has it. It becomes what the server can do: the width is a multiple of 8.
 * @throws NekodeError forbidden, conflict when the server cannot, unavailable when it does not say that it did
 */
export async function resizeScreen(
  room: Room & { readonly rest: NekoRest },
  { width, height, rate }: Size & { rate?: number },
  options: CallOptions = {},
): Promise<ScreenSize> {
  const { screen } = room.state
  const wanted = { width, height, rate: rate ?? screen.rate }
  if (screen.width === (width & ~7) && screen.height === height && screen.rate === wanted.rate) return screen
  await waitFor(room, 'screen/updated', { ...options, after: () => room.rest.screen.set(wanted, options) })
  return room.state.screen
}
