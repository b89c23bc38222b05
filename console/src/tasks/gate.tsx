import { createSignal, For, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { ReleaseGate, Task } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { state } from '../store/state'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { Evidence } from './evidence'
import { personOf } from './people'
import { tasks } from './store'
import { Ask, type Asked } from './verdict'

const EvidenceForm = lazy(() => import('./evidenceform'))

const tones: Record<ReleaseGate['status'], Tone> = { pending: 'info', failed: 'bad', passed: 'ok', waived: 'warn' }

/** What a release of the task's work waits for, who said what of it, and the release itself. */
export default function Gate(props: { task: Task }) {
  const load = createLoad(
    () => ({ id: props.task.id, version: props.task.version }),
    ({ id }) => call('GET /api/tasks/{id}/gate', { params: { id } }),
  )
  return (
    <Show
      when={load.value()}
      fallback={
        <Show when={load.error()} fallback={<SkeletonRows avatar={false} count={3} />}>
          <ErrorNotice error={load.error()} />
        </Show>
      }
    >
      {(gate) => (
        <div class="col gap-5">
          <Conditions task={props.task} gate={gate()} />
          <Reviews task={props.task} gate={gate()} />
          <Evidence
            evidence={gate().evidence}
            action={
              <Show when={canWrite()}>
                <AddEvidence task={props.task} gate={gate()} onChange={() => void load.reload()} />
              </Show>
            }
          />
          <Show when={canWrite()}>
            <Buttons task={props.task} gate={gate()} onChange={() => void load.reload()} />
          </Show>
        </div>
      )}
    </Show>
  )
}

function AddEvidence(props: { task: Task; gate: ReleaseGate; onChange: () => void }) {
  const [open, setOpen] = createSignal(false)
  return (
    <>
      <Button size="sm" icon="i-lucide-plus" onClick={() => setOpen(true)}>
        {t('task.evidence.add')}
      </Button>
      <Suspense>
        <Show when={open()}>
          <EvidenceForm
            task={props.task}
            gate={props.gate}
            onClose={() => setOpen(false)}
            onDone={() => {
              setOpen(false)
              props.onChange()
            }}
          />
        </Show>
      </Suspense>
    </>
  )
}

/** One thing that is missing, in the reader's words. */
function missingText(missing: ReleaseGate['missing'][number]): string {
  const number = tasks.items[missing.subject]?.number
  if (missing.kind === 'state') return t('task.gate.notDone')
  if (missing.kind === 'check') return t('task.gate.check', { name: missing.subject })
  if (missing.kind === 'review') return t('task.gate.review', { name: personOf(missing.subject).displayName })
  if (number === undefined) return missing.message
  return missing.kind === 'dependency' ? t('task.gate.waits', { number }) : t('task.gate.part', { number })
}

const Conditions = (props: { task: Task; gate: ReleaseGate }) => (
  <section class="rounded-xl border border-line bg-surface px-4 py-3.5 col gap-2" aria-label={t('task.tab.gate')}>
    <p class="row gap-2">
      <span class="font-600 text-[14px]">{t('task.gate.title')}</span>
      <Badge tone={tones[props.gate.status]}>{t(`task.gate.${props.gate.status}`)}</Badge>
    </p>
    <ul class="col gap-1">
      <For
        each={props.gate.missing}
        fallback={
          <li class="row gap-2 text-[13.5px] text-ok">
            <Icon name="i-lucide-circle-check" />
            {t('task.gate.nothing')}
          </li>
        }
      >
        {(missing) => (
          <li class="row items-start gap-2 text-[13.5px]">
            <Icon name="i-lucide-circle-dashed" class="mt-1 text-warn" />
            <span class="min-w-0 [overflow-wrap:anywhere]">{missingText(missing)}</span>
          </li>
        )}
      </For>
    </ul>
    <Show when={props.gate.waiver}>
      {(waiver) => (
        <p class="text-[13px] text-warn [overflow-wrap:anywhere]">
          {t('task.gate.waivedBy', { name: waiver().by.displayName, reason: waiver().reason })}
        </p>
      )}
    </Show>
    <Show when={props.gate.release}>
      {(release) => (
        <p class="row gap-2 text-[13px] text-ok">
          <Icon name="i-lucide-rocket" />
          {t('task.gate.releasedBy', { name: release().by.displayName, when: relative(release().at) })}
          <span class="text-soft">{[release().version, release().environment].filter(Boolean).join(' · ')}</span>
        </p>
      )}
    </Show>
  </section>
)

const Reviews = (props: { task: Task; gate: ReleaseGate }) => (
  <Show when={props.gate.reviews.length > 0}>
    <section class="col gap-2">
      <h3 class="font-600 text-[14px]">{t('task.reviews')}</h3>
      <ul class="col gap-2">
        <For each={props.gate.reviews}>
          {(review) => (
            <li class="row items-start gap-2 text-[13.5px]">
              <Icon
                name={
                  review.verdict === 'approved'
                    ? 'i-lucide-circle-check text-ok'
                    : 'i-lucide-message-square-warning text-warn'
                }
                class="mt-0.75"
              />
              <span class="min-w-0 [overflow-wrap:anywhere]">
                <span class="font-600">{review.reviewer.displayName}</span> {t(`task.review.${review.verdict}`)}{' '}
                <span class="text-[12px] text-soft">{relative(review.createdAt)}</span>
                <Show when={review.comment}>
                  <span class="block text-soft">{review.comment}</span>
                </Show>
              </span>
            </li>
          )}
        </For>
      </ul>
    </section>
  </Show>
)

function Buttons(props: { task: Task; gate: ReleaseGate; onChange: () => void }) {
  const [asked, setAsked] = createSignal<Asked>()
  const reviews = () =>
    props.task.reviewerIds.includes(state.me?.id ?? '') &&
    (props.task.state === 'in_review' || props.task.state === 'done')
  return (
    <div class="row flex-wrap gap-2">
      <Show when={reviews()}>
        <Button size="sm" kind="primary" icon="i-lucide-check" class="max-md:h-10" onClick={() => setAsked('approved')}>
          {t('task.review.approve')}
        </Button>
        <Button size="sm" icon="i-lucide-undo-2" class="max-md:h-10" onClick={() => setAsked('changes_requested')}>
          {t('task.review.askChanges')}
        </Button>
      </Show>
      <Show when={!props.gate.release}>
        <Button
          size="sm"
          icon="i-lucide-rocket"
          class="max-md:h-10"
          disabled={!props.gate.passed}
          title={props.gate.passed ? undefined : t('task.gate.closed')}
          onClick={() => setAsked('release')}
        >
          {t('task.gate.release')}
        </Button>
      </Show>
      <Show when={!props.gate.passed}>
        <Button size="sm" icon="i-lucide-shield-off" class="max-md:h-10" onClick={() => setAsked('waiver')}>
          {t('task.gate.waive')}
        </Button>
      </Show>
      <Button size="sm" kind="ghost" icon="i-lucide-list-checks" class="max-md:h-10" onClick={() => setAsked('checks')}>
        {t('task.gate.editChecks')}
      </Button>
      <Show when={asked()} keyed>
        {(what) => (
          <Ask
            what={what}
            task={props.task}
            gate={props.gate}
            onClose={() => setAsked(undefined)}
            onDone={() => {
              setAsked(undefined)
              props.onChange()
            }}
          />
        )}
      </Show>
    </div>
  )
}
