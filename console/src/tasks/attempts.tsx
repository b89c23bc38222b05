import { createSignal, For, Show } from 'solid-js'
import type { Task, TaskClaim } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { duration, fullDate, now } from '../i18n/dates'
import { Avatar } from '../ui/avatar'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { RunLink } from './properties'

const tones: Record<TaskClaim['state'], Tone> = {
  queued: 'plain',
  held: 'info',
  completed: 'ok',
  failed: 'bad',
  released: 'plain',
  expired: 'warn',
  handed_over: 'plain',
  canceled: 'plain',
}

/** Everybody who had the task in hand, the latest first. */
export default function Attempts(props: { task: Task }) {
  const [older, setOlder] = createSignal<TaskClaim[]>([])
  const [cursor, setCursor] = createSignal<string>()
  const held = () => props.task.claims.map((claim) => `${claim.id} ${claim.state}`).join()
  const load = createLoad(
    () => ({ id: props.task.id, held: held() }),
    async ({ id }) => {
      const page = await call('GET /api/tasks/{id}/claims', { params: { id }, query: { limit: 50 } })
      setOlder([])
      setCursor(page.nextCursor)
      return page.items
    },
  )
  const more = (from: string) =>
    act(async () => {
      const page = await call('GET /api/tasks/{id}/claims', {
        params: { id: props.task.id },
        query: { limit: 50, cursor: from },
      })
      setOlder((before) => [...before, ...page.items])
      setCursor(page.nextCursor)
    })
  return (
    <Show
      when={load.value()}
      fallback={
        <Show when={load.error()} fallback={<SkeletonRows count={2} />}>
          <ErrorNotice error={load.error()} />
        </Show>
      }
    >
      {(list) => (
        <ol class="col divide-y divide-line" aria-label={t('task.tab.attempts')}>
          <For each={[...list(), ...older()]} fallback={<li class="text-soft py-2">{t('task.noAttempts')}</li>}>
            {(claim) => <Attempt claim={claim} />}
          </For>
          <Show when={cursor()}>
            {(from) => (
              <li>
                <Button size="sm" class="mt-2" onClick={() => void more(from())}>
                  {t('common.more')}
                </Button>
              </li>
            )}
          </Show>
        </ol>
      )}
    </Show>
  )
}

const Attempt = (props: { claim: TaskClaim }) => (
  <li class="row items-start gap-2.5 py-2.5 text-[13.5px]">
    <Avatar name={props.claim.holder.name} kind={props.claim.holder.kind === 'agent' ? 'agent' : 'human'} size="sm" />
    <div class="flex-1 min-w-0 col gap-0.5">
      <p class="row flex-wrap gap-2">
        <span class="font-600">{props.claim.holder.displayName}</span>
        <Badge tone={tones[props.claim.state]}>{t(`task.claim.${props.claim.state}`)}</Badge>
        <span class="text-soft text-[12.5px]">{t(`task.mode.${props.claim.mode}`)}</span>
      </p>
      <p class="text-[12.5px] text-soft" title={fullDate(props.claim.claimedAt)}>
        {t('task.attempt', { n: props.claim.attempt })} ·{' '}
        {duration((props.claim.endedAt ?? now()) - props.claim.claimedAt)}
      </p>
      <Show when={props.claim.error}>
        <p class="text-[13px] text-bad [overflow-wrap:anywhere]">{props.claim.error}</p>
      </Show>
      <Show when={props.claim.runId}>{(id) => <RunLink id={id()} />}</Show>
    </div>
  </li>
)
