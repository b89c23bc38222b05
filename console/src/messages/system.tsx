import { Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Message } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { clock } from '../i18n/dates'
import { factField as field, factText } from './facts'
import { putDelivery } from '../store/apply'
import { canWrite } from '../store/session'
import { change, state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { Prose } from './body'

// Few conversations speak of previews, or of what was published.
const TunnelCard = lazy(() => import('../tunnels/card'))
const ArtifactCard = lazy(() => import('../artifacts/card'))

/** What became of a preview that a message is about. */
const tunnelChange = (message: Message): string | undefined => /^tunnel\.(\w+)$/.exec(message.system?.type ?? '')?.[1]

const isPublished = (message: Message): boolean => /^artifact\.published$/.test(message.system?.type ?? '')

/** A message of the system in the reader's language; as the server wrote it where its kind is not known here. */
export function systemText(message: Message): string {
  if (message.deletedAt !== null) return t('message.deleted')
  const name = field(message, 'agentName')
  if (message.system?.type === 'guard.tripped' && name) {
    const reason = field(message, 'reason')
    if (reason === 'guard_hops') return t('system.guardHops', { name: `@${name}` })
    if (reason === 'guard_turns') return t('system.guardTurns', { name: `@${name}` })
    if (reason === 'guard_cost') return t('system.guardCost', { name: `@${name}` })
  }
  const by = field(message, 'by')
  if (by) {
    const change = tunnelChange(message)
    if (change === 'requested') return t('system.tunnelRequested', { name: `@${by}` })
    if (change === 'opened') return t('system.tunnelOpened', { name: `@${by}` })
    if (change === 'rejected') return t('system.tunnelRejected', { name: `@${by}` })
    if (isPublished(message))
      return t('system.artifactPublished', { name: `@${by}`, title: field(message, 'title') ?? '' })
  }
  const known = factText(message)
  if (known) return known
  if (message.system?.type === 'agent.not_member' && name) return t('system.notMember', { name: `@${name}` })
  return message.content
}

/** Something that nobody said: a guard that stopped an agent, a mention that reached nobody. */
export function SystemMessage(props: { message: Message }) {
  // What is refused needs no second look, and one preview is shown once: where it was asked for or opened.
  const tunnelId = () =>
    props.message.deletedAt === null && ['requested', 'opened'].includes(tunnelChange(props.message) ?? '')
      ? field(props.message, 'tunnelId')
      : undefined
  const artifactId = () =>
    props.message.deletedAt === null && isPublished(props.message) ? field(props.message, 'artifactId') : undefined
  const guard = () => props.message.system?.type === 'guard.tripped'
  const deliveryId = () => {
    const id = field(props.message, 'deliveryId')
    const delivery = id ? state.deliveries[id] : undefined
    return id && (!delivery || delivery.state === 'failed') ? id : undefined
  }
  const goOn = (id: string) =>
    act(async () => {
      const delivery = await call('POST /api/deliveries/{id}/retry', { params: { id } })
      change((draft) => putDelivery(draft, delivery))
    })
  return (
    <div class="row items-start gap-3 px-4 sm:px-5 py-1.5 text-[13px] text-soft">
      <span class="w-9 row justify-center shrink-0 pt-0.5">
        <Icon name={guard() ? 'i-lucide-shield-alert text-warn' : 'i-lucide-info'} class="text-[15px]" />
      </span>
      <div class="flex-1 min-w-0 row flex-wrap gap-x-3 gap-y-1">
        <div class="min-w-0 [overflow-wrap:anywhere]">
          {/* What the server wrote itself is Markdown, as the summary of a debate. */}
          <Show when={systemText(props.message) === props.message.content} fallback={systemText(props.message)}>
            <Prose text={props.message.content} mentions={props.message.mentions} small />
          </Show>
        </div>
        <Show when={tunnelId()}>
          {(id) => (
            <div class="basis-full text-ink text-sm">
              <Suspense>
                <TunnelCard id={id()} />
              </Suspense>
            </div>
          )}
        </Show>
        <Show when={artifactId()}>
          {(id) => (
            <div class="basis-full text-ink text-sm">
              <Suspense>
                <ArtifactCard id={id()} />
              </Suspense>
            </div>
          )}
        </Show>
        <Show when={guard() && canWrite() && deliveryId()}>
          {(id) => (
            <Button size="sm" icon="i-lucide-play" onClick={() => void goOn(id())}>
              {t('run.continue')}
            </Button>
          )}
        </Show>
      </div>
      <time class="text-[12px] text-faint tabular-nums">{clock(props.message.createdAt)}</time>
    </div>
  )
}
