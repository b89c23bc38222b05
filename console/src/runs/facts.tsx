import { A } from '@solidjs/router'
import { createMemo, Show, type JSX } from 'solid-js'
import type { Run } from '@shared/contract'
import '../i18n/en/work'
import { agentPath, computerPath, conversationPath, runPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { compact, dollars, duration, now, shortDate } from '../i18n/dates'
import { isOver, taskOfRun } from '../store/runs'
import { state } from '../store/state'
import { contextOf, elapsed } from './usage'

/** Who, where, when, and what it took. */
export function RunFacts(props: { run: Run }) {
  const agent = () => state.agents[props.run.agentId]
  const computer = () => state.computers[props.run.computerId]
  const time = () => elapsed(props.run, isOver(props.run) ? 0 : now())
  return (
    <dl class="grid grid-cols-2 sm:grid-cols-4 gap-px rounded-xl border border-line bg-line overflow-hidden">
      <Fact label={t('run.agent')}>
        <A href={agentPath(props.run.agentId)} class="hover:underline rounded">
          {agent()?.displayName ?? t('agent.gone')}
        </A>
      </Fact>
      <Fact label={t('run.computer')}>
        <A href={computerPath(props.run.computerId)} class="hover:underline rounded">
          {computer()?.displayName ?? t('computer.gone')}
        </A>
      </Fact>
      <Where run={props.run} />
      <Show when={taskOfRun(props.run.id)}>
        {(task) => (
          <Fact label={t('work.task')}>
            <A href={`/tasks/${task().id}`} class="hover:underline rounded" title={task().summary}>
              #{task().number} {task().summary}
            </A>
          </Fact>
        )}
      </Show>
      <Fact label={t('run.attempt')}>{t('run.attemptOf', { n: props.run.attempt, max: props.run.maxAttempts })}</Fact>
      <Fact label={t('run.started')}>{shortDate(props.run.startedAt ?? props.run.createdAt)}</Fact>
      <Fact label={t('run.time')}>{time() === null ? '–' : duration(time() ?? 0)}</Fact>
      <Tokens run={props.run} />
      <Fact label={t('run.cost')}>{props.run.costUsd === null ? '–' : dollars(props.run.costUsd)}</Fact>
      <Show when={props.run.joinedRunId}>
        {(id) => (
          <Fact label={t('run.joined')}>
            <A href={runPath(id())} class="hover:underline rounded">
              {t('run.open')}
            </A>
          </Fact>
        )}
      </Show>
    </dl>
  )
}

function Where(props: { run: Run }) {
  const channel = () => state.channels[props.run.target]
  const link = (message: string | null) => conversationPath(props.run.target, { thread: props.run.threadId, message })
  return (
    <Fact label={t('run.where')}>
      <A href={link(null)} class="hover:underline rounded">
        <Show when={channel()} fallback={props.run.target}>
          {(channel) => <>{channel().kind === 'dm' ? channelTitle(channel()) : `#${channelTitle(channel())}`}</>}
        </Show>
      </A>
      <span class="row flex-wrap gap-x-3 text-[12px] font-400 text-accent-text">
        <Show when={props.run.inputMessageId}>
          {(id) => (
            <A href={link(id())} class="hover:underline rounded">
              {t('work.message')}
            </A>
          )}
        </Show>
        <Show when={props.run.resultMessageId}>
          {(id) => (
            <A href={link(id())} class="hover:underline rounded">
              {t('work.answer')}
            </A>
          )}
        </Show>
      </span>
    </Fact>
  )
}

function Tokens(props: { run: Run }) {
  const steps = createMemo(() => Object.values(state.steps[props.run.id]?.byId ?? {}))
  const context = createMemo(() => contextOf(steps()))
  const part = () => Math.min(1, (context()?.used ?? 0) / Math.max(1, context()?.size ?? 0))
  return (
    <Fact label={t('run.usage')}>
      <Show when={props.run.usage} fallback="–">
        {(usage) => (
          <span
            title={t('run.usageDetail', {
              input: usage().input,
              cached: usage().cacheRead,
              output: usage().output,
              reasoning: usage().reasoning,
            })}
          >
            ↑ {compact(usage().input + usage().cacheRead + usage().cacheWrite)} ↓ {compact(usage().output)}
          </span>
        )}
      </Show>
      <Show when={context()}>
        {(context) => (
          <span
            class="row gap-1.5 text-[12px] text-faint font-400 mt-0.5"
            title={t('work.contextOf', { used: compact(context().used), size: compact(context().size) })}
          >
            <span class="h-1.5 w-14 rounded-full bg-hover overflow-hidden" aria-hidden="true">
              <span
                class="block h-full rounded-full"
                classList={{ 'bg-ok': part() < 0.7, 'bg-warn': part() >= 0.7 && part() < 0.9, 'bg-bad': part() >= 0.9 }}
                style={{ width: `${part() * 100}%` }}
              />
            </span>
            {t('run.context', { percent: Math.round(part() * 100) })}
          </span>
        )}
      </Show>
    </Fact>
  )
}

const Fact = (props: { label: string; children: JSX.Element }) => (
  <div class="bg-surface px-4 py-3 min-w-0">
    <dt class="text-[12px] text-faint">{props.label}</dt>
    <dd class="font-550 text-[13.5px] truncate tabular-nums">{props.children}</dd>
  </div>
)
