import type { Settings } from '../protocol/types'
import { CHAT_LENGTH } from './limits'
import { allowsPlugin } from './profile'
import type { Session } from './session'
import type { Sessions } from './sessions'

/** What those in the room write to each other. Nothing of it is kept. */
export class Chat {
  constructor(private readonly room: { readonly settings: Settings; readonly sessions: Sessions }) {}

  welcome(session: Session): void {
    session.send('chat/init', { enabled: true })
  }

  /** @returns false when the session may not write */
  say(session: Session, text: string): boolean {
    if (!this.allows(session, 'chat.can_send')) return false
    this.room.sessions.broadcast(
      'chat/message',
      { id: session.id, created: new Date().toISOString(), content: { text: text.slice(0, CHAT_LENGTH) } },
      (one) => this.allows(one, 'chat.can_receive'),
    )
    return true
  }

  private allows = ({ profile }: Session, key: string): boolean =>
    allowsPlugin(this.room.settings.plugins, profile, key)
}
