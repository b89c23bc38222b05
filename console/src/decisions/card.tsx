import { createEffect, createSignal, on, Show, Suspense, type ParentProps } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Decision, DecisionVote } from '@shared/contract'
import '../i18n/en/decisions'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { DecisionMenu } from './actions'
import { DecisionBadge } from './badge'
import { decisionOf, decisions, findDecision } from './decisions'
import { mayVote, needed } from './rules'

const Voters = lazy(() => import('./voters'))

/** A decision where it was proposed: what it says, how the votes stand, and what the reader may do. Until it is here, its text. */
export function DecisionCard(props: ParentProps<{ messageId: string; target: string }>) {
  const decision = () => decisionOf(props.messageId)
  createEffect(
    on(
      () => [props.messageId, decisions.era()] as const,
      ([messageId]) =>
        // Without it the text still stands there.
        void findDecision(props.target, messageId).catch(() => undefined),
    ),
  )
  return (
    <section
      aria-label={decision()?.title}
      class="rounded-xl border border-line bg-surface my-1 max-w-170 shadow-[var(--lift)]"
    >
      <div class={cx('px-4 pt-3', decision() ? 'pb-1' : 'pb-3')}>{props.children}</div>
      <Show when={decision()}>{(decision) => <Standing decision={decision()} />}</Show>
    </section>
  )
}

/** How the votes stand and what can be done. */
export function Standing(props: { decision: Decision }) {
  const [shown, setShown] = createSignal(false)
  const d = () => props.decision
  const vote = (decision: DecisionVote) =>
    act(async () => {
      const answer = await call('POST /api/decisions/{id}/vote', { params: { id: d().id }, body: { decision } })
      decisions.put(answer.decision)
    })
  return (
    <div class="col gap-2.5 px-4 pb-3">
      <div class="row flex-wrap gap-x-3 gap-y-1.5 text-[13px] text-soft">
        <DecisionBadge status={d().status} />
        <button
          type="button"
          class="row gap-1 tabular-nums hover:text-ink hover:underline rounded"
          aria-expanded={shown()}
          onClick={() => setShown(!shown())}
        >
          {t('decision.tally', { n: d().approveCount, quorum: d().quorum })}
          <Show when={d().rejectCount > 0}> · {t('decision.against', { n: d().rejectCount })}</Show>
          <Show when={d().abstainCount > 0}> · {t('decision.abstained', { n: d().abstainCount })}</Show>
          <Icon name={shown() ? 'i-lucide-chevron-up' : 'i-lucide-chevron-down'} />
        </button>
        <Show when={d().status === 'proposed' && d().expiresAt}>
          {(at) => <span>{t('decision.expires', { when: shortDate(at()) })}</span>}
        </Show>
        <span class="ml-auto -my-1">
          <DecisionMenu decision={d()} />
        </span>
      </div>
      <Progress decision={d()} />
      <Show when={shown()}>
        <Suspense>
          <Voters decisionId={d().id} version={d().version} />
        </Suspense>
      </Show>
      <Ending decision={d()} />
      <Show when={d().status === 'proposed'}>
        <div class="row flex-wrap gap-2">
          <Show
            when={mayVote(state.me, state.channels[d().target])}
            fallback={<span class="text-[13px] text-soft">{t('decision.joinFirst')}</span>}
          >
            <Button size="sm" class="max-sm:h-10" icon="i-lucide-thumbs-up" onClick={() => void vote('approve')}>
              {t('decision.approve')}
            </Button>
            <Button size="sm" class="max-sm:h-10" icon="i-lucide-thumbs-down" onClick={() => void vote('reject')}>
              {t('decision.reject')}
            </Button>
            <Button size="sm" kind="ghost" class="max-sm:h-10" onClick={() => void vote('abstain')}>
              {t('decision.abstain')}
            </Button>
          </Show>
        </div>
      </Show>
    </div>
  )
}

/** For, against, and what is missing, at a glance. */
function Progress(props: { decision: Decision }) {
  const share = (count: number) => `${(100 * count) / needed(props.decision)}%`
  return (
    <Show when={props.decision.status === 'proposed'}>
      <div class="h-1.5 rounded-full bg-sunken overflow-hidden row" aria-hidden="true">
        <span class="h-full bg-ok transition-[width]" style={{ width: share(props.decision.approveCount) }} />
        <span class="h-full bg-bad transition-[width]" style={{ width: share(props.decision.rejectCount) }} />
      </div>
    </Show>
  )
}

function Ending(props: { decision: Decision }) {
  const d = () => props.decision
  return (
    <Show
      when={d().supersedesDecisionId || d().supersededByDecisionId || d().forced || d().closedBy || d().closeReason}
    >
      <p class="row flex-wrap gap-x-1.5 text-[13px] text-soft">
        <Show when={d().supersedesDecisionId}>
          <span>{t('decision.supersedes')}</span>
        </Show>
        <Show when={d().supersededByDecisionId}>
          <span>{t('decision.superseded')}</span>
        </Show>
        <Show when={d().forced}>
          <span>{t('decision.forced')}</span>
        </Show>
        <Show when={d().closedBy}>{(who) => <span>{t('decision.closed', { name: who().displayName })}</span>}</Show>
        <Show when={d().closeReason}>
          <span class="italic [overflow-wrap:anywhere]">{d().closeReason}</span>
        </Show>
      </p>
    </Show>
  )
}
