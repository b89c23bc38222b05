import { textOf } from '../protocol/text'
import type { Room } from './room'

/** Something that was said in the room, by whichever of the three ways. */
export interface Said {
  via: 'chat' | 'broadcast' | 'unicast'
  /** The session that said it. */
  from: string
  /** What it is called; its id where that is not known. */
  name: string
  /** Whether this session said it: a chat gives everybody their own words back. */
  own: boolean
  text: string
  /** Of what was sent to sessions rather than into the chat. */
  subject?: string
}

/** Says something to everybody who may read the chat. Whoever may not write gets no answer. */
export function say(room: Room, text: string): void {
  room.send('chat/message', { text })
}

/** Hears everything that is said: in the chat, to all sessions, and to this one. @returns what ends it */
export function onSaid(room: Room, handler: (said: Said) => void): () => void {
  const said = (via: Said['via'], from: string, text: string, subject?: string): void => {
    const { sessionId, sessions } = room.state
    handler({
      via,
      from,
      name: sessions.get(from)?.profile.name || from,
      own: from === sessionId,
      text,
      ...(subject === undefined ? {} : { subject }),
    })
  }
  const ends = [
    room.on('chat/message', (message) => said('chat', message.id, message.content.text)),
    room.on('send/broadcast', ({ sender, subject, body }) => said('broadcast', sender, textOf(body), subject)),
    room.on('send/unicast', ({ sender, subject, body }) => said('unicast', sender, textOf(body), subject)),
  ]
  return () => {
    for (const end of ends) end()
  }
}
