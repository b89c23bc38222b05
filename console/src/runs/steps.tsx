import { createMemo, createSignal, For, Match, Show, Switch } from 'solid-js'
import type { RunStep, StepDetail } from '@shared/contract'
import { act } from '../app/act'
import { t } from '../i18n'
import { Prose } from '../messages/body'
import { fetchEarlier } from '../store/runs'
import type { StepLog } from '../store/steps'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { calm } from './calm'
import { Fold } from './fold'
import { ToolStep } from './tool'
import { savedFigures } from './usage'

type Detail<T extends StepDetail['type']> = Extract<StepDetail, { type: T }>

interface StepListProps {
  runId: string
  log: StepLog
  /** The run goes on: the last step may still grow. */
  live: boolean
  /** Shows every step; otherwise, of many only the latest until the reader asks for all. */
  all?: boolean
  /** Leaves out the text that is shown elsewhere: the answer. */
  without?: string
}

/** Older steps than these are folded while a run goes on. */
const latest = 8
/** Counts and questions have a place of their own on the card. */
const elsewhere = new Set(['usage', 'approval'])

/** Whether a step has a line in a list of steps. */
export const isShown = (step: RunStep | undefined): boolean => step !== undefined && !elsewhere.has(step.detail.type)

/** What an agent said, thought and did, in order. */
export function StepList(props: StepListProps) {
  const [all, setAll] = createSignal(props.all ?? false)
  const shown = createMemo(() =>
    props.log.order.filter((id) => {
      const detail = props.log.byId[id]?.detail
      if (!detail || elsewhere.has(detail.type)) return false
      return !(detail.type === 'text' && props.without !== undefined && detail.text.trim() === props.without.trim())
    }),
  )
  const hidden = () => (all() ? 0 : Math.max(0, shown().length - latest))
  return (
    <div class="col gap-1.5">
      <Show when={hidden() > 0} fallback={<EarlierSteps runId={props.runId} log={props.log} />}>
        <More onClick={() => setAll(true)} text={t('run.earlier', { n: hidden() })} />
      </Show>
      <For each={shown().slice(hidden())}>
        {(id) => (
          <Show when={props.log.byId[id]}>
            {(step) => <Step step={step()} live={props.live && id === props.log.order.at(-1)} />}
          </Show>
        )}
      </For>
      <Show when={shown().length === 0 && !props.live && props.log.older === null}>
        <p class="text-[13px] text-soft">{t(props.log.removed ? 'run.stepsRemoved' : 'run.noSteps')}</p>
      </Show>
    </div>
  )
}

const More = (props: { onClick: () => void; text: string }) => (
  <button
    type="button"
    onClick={() => props.onClick()}
    class="row gap-1.5 self-start text-[12.5px] text-soft hover:text-ink rounded"
  >
    <Icon name="i-lucide-chevrons-up-down" />
    {props.text}
  </button>
)

/** Fetches the page of steps before those that are shown, as long as there is one. */
export const EarlierSteps = (props: { runId: string; log: StepLog }) => (
  <Show when={props.log.older !== null}>
    <More onClick={() => void act(() => fetchEarlier(props.runId))} text={t('run.earlierPage')} />
  </Show>
)

/** One step in the form that fits what it is. */
export function Step(props: { step: RunStep; live: boolean }) {
  return (
    <Switch>
      <Match when={props.step.detail.type === 'text' && props.step.detail}>
        {(text) => <TextStep text={text().text} live={props.live} />}
      </Match>
      <Match when={props.step.detail.type === 'thought' && props.step.detail}>
        {(thought) => <Thought text={thought().text} live={props.live} />}
      </Match>
      <Match when={props.step.detail.type === 'tool' && props.step.detail}>
        {(tool) => <ToolStep step={props.step} tool={tool()} />}
      </Match>
      <Match when={props.step.detail.type === 'plan' && props.step.detail}>{(plan) => <Plan plan={plan()} />}</Match>
      <Match when={props.step.detail.type === 'retry' && props.step.detail}>
        {(retry) => (
          <p class="row items-start gap-2 text-[13px] text-warn">
            <Icon name="i-lucide-refresh-cw" class="mt-0.75" />
            {retry().attempt > 0
              ? t('run.retrying', { n: retry().attempt, message: retry().message })
              : t('run.retryingAgain', { message: retry().message })}
          </p>
        )}
      </Match>
      <Match when={props.step.detail.type === 'cache' && props.step.detail}>{(hit) => <CacheStep hit={hit()} />}</Match>
      <Match when={props.step.detail.type === 'notice' && props.step.detail}>
        {(notice) => <NoticeStep notice={notice()} />}
      </Match>
    </Switch>
  )
}

function TextStep(props: { text: string; live: boolean }) {
  const text = calm(() => props.text)
  return (
    <div class={cx(props.live && 'streaming')}>
      <Prose text={text()} />
    </div>
  )
}

function Thought(props: { text: string; live: boolean }) {
  const text = calm(() => props.text)
  const line = () => text().trim().split('\n').at(-1)?.slice(0, 160) ?? ''
  return (
    <Fold
      icon={cx('i-lucide-brain', props.live && 'pulse')}
      title={props.live ? t('run.thinking') : t('run.thought')}
      hint={line()}
      brief
    >
      <div class="text-soft pl-0.5">
        <Prose text={text()} small />
      </div>
    </Fold>
  )
}

const marks = {
  pending: 'i-lucide-circle text-faint',
  in_progress: 'i-lucide-circle-dot text-info',
  completed: 'i-lucide-circle-check text-ok',
}

const Plan = (props: { plan: Detail<'plan'> }) => (
  <div class="rounded-lg border border-line bg-sunken px-3 py-2">
    <p class="text-[12px] font-600 text-soft mb-1">{t('run.plan')}</p>
    <ul class="col gap-1">
      <For each={props.plan.entries}>
        {(entry) => (
          <li class="row items-start gap-2 text-[13px]">
            <Icon name={marks[entry.status]} class="mt-0.75" />
            <span class={entry.status === 'completed' ? 'text-soft line-through decoration-faint' : ''}>
              {entry.text}
            </span>
            <span class="sr-only">{t(`plan.${entry.status}`)}</span>
          </li>
        )}
      </For>
    </ul>
  </div>
)

/** What a call of the model would have taken, had it not been asked before. */
const CacheStep = (props: { hit: Detail<'cache'> }) => (
  <p class="row items-start gap-2 text-[13px] text-soft">
    <Icon name="i-lucide-zap" class="mt-0.75" />
    <span class="min-w-0 break-words">
      {t('run.cached', { model: props.hit.model, saved: savedFigures(props.hit) })}
    </span>
  </p>
)

const levels = { info: 'text-soft', warning: 'text-warn', error: 'text-bad' }

const NoticeStep = (props: { notice: Detail<'notice'> }) => (
  <p class={cx('row items-start gap-2 text-[13px]', levels[props.notice.level])}>
    <Icon name={props.notice.level === 'info' ? 'i-lucide-info' : 'i-lucide-triangle-alert'} class="mt-0.75" />
    <span class="whitespace-pre-wrap min-w-0 break-words">{props.notice.text}</span>
  </p>
)
