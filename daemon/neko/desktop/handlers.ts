import type { ClientEvent, ClientPayload } from '../protocol/events'
import type { Desk } from './desk'
import { type Handler, inputs } from './inputs'
import { Refusal } from './refusal'
import type { Session } from './session'

/** Lines of a client's log that are taken at once, and the length of one. */
const LOG_LINES = 50
const LOG_LENGTH = 1000

/** Only whoever steers. */
const asHost =
  <P>(act: (desk: Desk, payload: P, session: Session) => void | Promise<void>) =>
  async (desk: Desk, session: Session, payload: P): Promise<void> => {
    desk.control.mayHost(session)
    if (desk.control.isHost(session)) await act(desk, payload, session)
  }

/** What each event of a client does. */
export const handlers: { [E in ClientEvent]: Handler<E> } = {
  ...inputs,
  'client/heartbeat': () => undefined,
  'system/logs': ({ log }, { id }, lines) => {
    for (const { message } of lines.slice(0, LOG_LINES))
      log.debug('a client says', { session: id, message: message.slice(0, LOG_LENGTH) })
  },
  'signal/request': (desk, session, payload) => desk.viewers.request(session, payload),
  'signal/answer': (desk, session, { sdp }) => desk.viewers.answer(session, sdp),
  'signal/offer': (desk, session, { sdp }) => desk.viewers.accept(session, sdp),
  'signal/candidate': (desk, session, payload) => desk.viewers.candidate(session, payload),
  'signal/restart': (desk, session) => desk.viewers.restart(session),
  'signal/video': (desk, session, payload) => desk.viewers.setVideo(session, payload),
  'signal/audio': (desk, session, payload) => desk.viewers.setAudio(session, payload),
  'control/request': ({ control }, session) => {
    control.request(session)
  },
  'control/release': asHost<unknown>(({ control }, _payload, session) => control.release(session)),
  'screen/set': async (desk, session, { width, height, rate }) => {
    if (session.profile.is_admin) await desk.setScreen(session, { width, height, rate })
  },
  'clipboard/set': asHost<ClientPayload<'clipboard/set'>>(async ({ machine }, { text }, session) => {
    if (session.profile.can_access_clipboard) await machine.setClipboard({ text })
  }),
  'keyboard/map': asHost<ClientPayload<'keyboard/map'>>(({ machine }, { layout, variant }) =>
    machine.setKeyboardLayout({ layout, variant }),
  ),
  'keyboard/modifiers': asHost<ClientPayload<'keyboard/modifiers'>>(({ machine }, modifiers) =>
    machine.setModifiers(modifiers),
  ),
  'send/unicast': ({ sessions }, { id }, { receiver, subject, body }) => {
    const found = sessions.get(receiver)
    if (!found?.isConnected) throw new Refusal(404, 'there is no such receiver')
    found.send('send/unicast', { sender: id, receiver, subject, body })
  },
  'send/broadcast': ({ sessions }, { id }, { subject, body }) =>
    sessions.broadcast('send/broadcast', { sender: id, subject, body }, (one) => one.id !== id),
  'chat/message': ({ chat }, session, { text }) => {
    chat.say(session, text)
  },
  'filetransfer/update': ({ files }, session) => files.tell(session),
}
