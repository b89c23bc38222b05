import { createSignal } from 'solid-js'
import type { Message, Reaction } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { conversationPath } from '../app/paths'
import { withUndo } from '../app/undo'
import { t } from '../i18n'
import { putDelivery } from '../store/apply'
import { me } from '../store/session'
import { change, state } from '../store/state'
import { copyText } from '../ui/copy'
import { toast } from '../ui/toast'

const patch = (id: string, fields: Partial<Message>): void =>
  change((draft) => {
    const message = draft.messages[id]
    if (message) Object.assign(message, fields)
  })

/** The reactions with one of `userId` added or taken away; what nobody reacts with any more goes. */
export function toggled(reactions: readonly Reaction[], emoji: string, userId: string, on: boolean): Reaction[] {
  const mine = ({ kind, id }: Reaction['by'][number]) => kind === 'human' && id === userId
  const has = reactions.some((reaction) => reaction.emoji === emoji)
  const next = reactions.map((reaction) => {
    if (reaction.emoji !== emoji) return reaction
    const others = reaction.by.filter((who) => !mine(who))
    return { emoji, by: on ? [...others, { kind: 'human' as const, id: userId }] : others }
  })
  if (on && !has) next.push({ emoji, by: [{ kind: 'human', id: userId }] })
  return next.filter(({ by }) => by.length > 0)
}

export const reactedWith = (message: Message, emoji: string): boolean =>
  message.reactions.some(
    (reaction) => reaction.emoji === emoji && reaction.by.some(({ kind, id }) => kind === 'human' && id === me().id),
  )

/** Reacts, or takes the reaction back; shown at once. */
export function react(messageId: string, emoji: string): Promise<boolean> {
  const known = state.messages[messageId]
  if (!known) return Promise.resolve(false)
  const on = !reactedWith(known, emoji)
  const show = (on: boolean) => {
    const now = state.messages[messageId]
    if (now) patch(messageId, { reactions: toggled(now.reactions, emoji, me().id, on) })
  }
  show(on)
  const route = on ? 'PUT /api/messages/{id}/reactions/{emoji}' : 'DELETE /api/messages/{id}/reactions/{emoji}'
  return act(async () => {
    try {
      await call(route, { params: { id: messageId, emoji } })
    } catch (error) {
      show(!on)
      throw error
    }
  })
}

/** Pins a message to its channel, or unpins it; shown at once. */
export function setPinned(message: Message, on: boolean): Promise<boolean> {
  const { id, pinned } = message
  const { id: userId, username, displayName } = me()
  const by = { kind: 'human' as const, id: userId, name: username, displayName }
  patch(id, { pinned: on ? { by, at: Date.now() } : null })
  return act(
    async () => {
      try {
        await call(on ? 'PUT /api/messages/{id}/pin' : 'DELETE /api/messages/{id}/pin', { params: { id } })
      } catch (error) {
        patch(id, { pinned })
        throw error
      }
    },
    t(on ? 'message.pinDone' : 'message.unpinDone'),
  )
}

const [leaving, setLeaving] = createSignal<ReadonlySet<string>>(new Set())
/** A message that goes when nobody takes that back in time. */
export const isLeaving = (id: string): boolean => leaving().has(id)

/** Deletes a message; for a few seconds that can be taken back. */
export function deleteMessage(id: string): void {
  const mark = (on: boolean) =>
    setLeaving((known) => {
      const next = new Set(known)
      if (on) next.add(id)
      else next.delete(id)
      return next
    })
  withUndo({
    text: t('message.deleteDone'),
    apply: () => mark(true),
    revert: () => mark(false),
    commit: async () => {
      const gone = await call('DELETE /api/messages/{id}', { params: { id } })
      patch(id, gone)
      mark(false)
    },
  })
}

/**
 * Changes what an own message says; shown at once.
 * @returns whether the server took it: else it says again what it said
 */
export async function saveEdit(message: Message, content: string): Promise<boolean> {
  const { id, content: before, editedAt } = message
  patch(id, { content, editedAt: Date.now() })
  return act(async () => {
    try {
      const { message: saved, deliveries } = await call('PATCH /api/messages/{id}', {
        params: { id },
        body: { content },
      })
      change((draft) => {
        const known = draft.messages[id]
        if (known) Object.assign(known, saved, { reactions: known.reactions, replyCount: known.replyCount })
        for (const delivery of deliveries) if (!draft.deliveries[delivery.id]) putDelivery(draft, delivery)
      })
    } catch (error) {
      patch(id, { content: before, editedAt })
      throw error
    }
  })
}

const copy = async (text: string, done: string): Promise<void> => {
  if (await copyText(text)) toast('ok', done)
  else toast('bad', t('common.copyFailed'))
}

export const copyContent = (message: Message): Promise<void> => copy(message.content, t('common.copied'))

export const copyLink = ({ target, threadId, id }: Message): Promise<void> =>
  copy(location.origin + conversationPath(target, { thread: threadId, message: id }), t('message.linkCopied'))
