import type { MemberKind } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { conversationPath } from '../app/paths'
import { put } from '../store/apply'
import { change } from '../store/state'

/** Opens the direct conversation with somebody, and goes there. */
export async function openDm(kind: MemberKind, memberId: string, go: (href: string) => void): Promise<void> {
  await act(async () => {
    const channel = await call('POST /api/dms', { body: { kind, memberId } })
    change((draft) => put(draft.channels, channel.target, channel))
    go(conversationPath(channel.target))
  })
}
