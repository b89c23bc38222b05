import { NekodeError } from '@shared/errors'
import {
  ALIVE_MS,
  ATTACH,
  FEATURES_HEADER,
  type ProxyFrame,
  SILENCE_MS,
  announced,
  headerOf,
  windowHeaders,
} from '@shared/tunnel/frames'
import { Mux } from '@shared/tunnel/mux'
import type { ComputerPrincipal } from '../access/principal'
import { mustBeSelf } from '../rpc/caller'
import type { Attachment, Attachments } from './attachments'

export const lost = (): NekodeError =>
  new NekodeError('unavailable', 'The connection to the computer was lost.', { code: 'daemon_lost' })

/**
 * Opens a daemon's stream by its first frame; an earlier one of the same computer ends.
 * @throws NekodeError invalid for anything but an attach frame, forbidden for one of another computer
 */
export function attach(attachments: Attachments, p: ComputerPrincipal, first: ProxyFrame): Attachment {
  if (first.tunnelId !== ATTACH)
    throw new NekodeError('invalid', `The first frame has to have the tunnel_id ${ATTACH}.`, {
      code: 'invalid_request',
    })
  mustBeSelf(p, first.requestId)
  const window = announced(first.requestHeaders)
  let heard = Date.now()
  const mux = new Mux({ role: 'server', window })
  const timer = setInterval(() => {
    if (Date.now() - heard > SILENCE_MS) return attachment.detach(lost())
    mux.control({ tunnelId: ATTACH, requestId: p.id })
  }, ALIVE_MS)
  timer.unref()
  // A daemon that knows no windows sends no signs of life either.
  if (window === undefined) clearInterval(timer)
  else mux.control({ tunnelId: ATTACH, requestId: p.id, responseHeaders: windowHeaders() })
  const attachment: Attachment = {
    mux,
    features: new Set((headerOf(first.requestHeaders, FEATURES_HEADER) ?? '').split(/[,\s]+/).filter(Boolean)),
    receive: (frame) => {
      heard = Date.now()
      return mux.receive(frame)
    },
    detach: (reason) => {
      clearInterval(timer)
      attachments.remove(p.id, attachment, reason)
      mux.close(reason)
    },
  }
  attachments.put(p.id, attachment)
  return attachment
}
