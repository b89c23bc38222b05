import { createSignal, For, Show } from 'solid-js'
import type { Task, TaskSplit } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Checkbox } from '../ui/select'
import { personOf } from './people'
import { refuse } from './refused'
import { tasks } from './store'

/** Proposals to split a task into parts; nothing changes until one is applied. */
export function Splits(props: { task: Task }) {
  const load = createLoad(
    () => ({ id: props.task.id, version: props.task.version }),
    async ({ id }) => (await call('GET /api/tasks/{id}/splits', { params: { id }, query: { limit: 20 } })).items,
  )
  return (
    <Show when={(load.value()?.length ?? 0) > 0}>
      <section class="col gap-2">
        <h3 class="font-600 text-[14px]">{t('task.splits')}</h3>
        <For each={load.value()}>
          {(split) => <Split task={props.task} split={split} onChange={() => void load.reload()} />}
        </For>
      </section>
    </Show>
  )
}

function Split(props: { task: Task; split: TaskSplit; onChange: () => void }) {
  const [left, setLeft] = createSignal<readonly string[]>([])
  const chosen = () => props.split.parts.filter(({ id }) => !left().includes(id)).map(({ id }) => id)
  const pending = () => props.split.state === 'pending'
  const outdated = () => pending() && props.split.taskVersion !== props.task.version
  const params = () => ({ id: props.task.id, splitId: props.split.id })
  const run = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      refuse(error, props.task)
    }
    props.onChange()
  }
  const apply = () =>
    run(async () => {
      const { task, created } = await call('POST /api/tasks/{id}/splits/{splitId}/apply', {
        params: params(),
        body: left().length ? { partIds: chosen() } : {},
      })
      tasks.put(task, ...created)
    })
  const cancel = () =>
    run(async () => void (await call('DELETE /api/tasks/{id}/splits/{splitId}', { params: params() })))
  return (
    <article class="rounded-xl border border-line bg-surface px-3.5 py-3 col gap-2">
      <p class="row flex-wrap gap-2 text-[13px]">
        <span class="font-600">{props.split.proposedBy.displayName}</span>
        <Badge tone={props.split.state === 'applied' ? 'ok' : pending() ? 'info' : 'plain'}>
          {t(`task.split.${props.split.state}`)}
        </Badge>
        <span class="text-soft">{relative(props.split.createdAt)}</span>
      </p>
      <ul class="col gap-1.5">
        <For each={props.split.parts}>
          {(part) => (
            <li class="row flex-wrap gap-1.5 min-h-8 text-[13.5px]">
              <Show when={pending() && canWrite()} fallback={part.summary}>
                <Checkbox
                  label={part.summary}
                  checked={!left().includes(part.id)}
                  onChange={(on) => setLeft((list) => (on ? list.filter((id) => id !== part.id) : [...list, part.id]))}
                />
              </Show>
              <Show when={part.assigneeId}>
                {(id) => <span class="text-[12.5px] text-soft"> · {personOf(id()).displayName}</span>}
              </Show>
            </li>
          )}
        </For>
      </ul>
      <Show when={outdated()}>
        <p class="text-[13px] text-warn">{t('task.split.outdated')}</p>
      </Show>
      <Show when={pending() && canWrite()}>
        <div class="row gap-2">
          <Button
            size="sm"
            kind="primary"
            class="max-md:h-10"
            disabled={chosen().length === 0 || outdated()}
            onClick={() => void apply()}
          >
            {t('task.split.apply')}
          </Button>
          <Button size="sm" class="max-md:h-10" onClick={() => void cancel()}>
            {t('task.split.cancel')}
          </Button>
        </div>
      </Show>
    </article>
  )
}
