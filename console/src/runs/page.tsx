import { A, useParams } from '@solidjs/router'
import { createMemo, For, Show, type JSX } from 'solid-js'
import type { Run } from '@shared/contract'
import { ApprovalList } from '../approvals/request'
import { createLoad } from '../app/load'
import { NotFound } from '../app/notfound'
import { agentPath, computerPath, conversationPath, runPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { clock, compact, dollars, duration, now, shortDate } from '../i18n/dates'
import { fetchRun, isOver, watchRun } from '../store/runs'
import { canWrite } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { FailureBox } from './failure'
import { actOnRun, runMenu } from './actions'
import { StateBadge } from './state'
import { EarlierSteps, Step } from './steps'
import { contextOf, elapsed } from './usage'

/** One attempt of an agent, from the question to the answer, step by step. */
export default function RunPage() {
  const params = useParams<{ id: string }>()
  watchRun(() => params.id)
  const fetched = createLoad(
    () => params.id,
    (id) =>
      fetchRun(id).then(
        () => true,
        () => false,
      ),
  )
  const run = () => state.runs[params.id]
  return (
    <Show
      when={run()}
      fallback={
        <Show when={fetched.value() === false} fallback={<SkeletonRows avatar={false} />}>
          <NotFound title={t('run.missing')} text={t('run.missingText')} />
        </Show>
      }
    >
      {(run) => <Content run={run()} />}
    </Show>
  )
}

function Content(props: { run: Run }) {
  const agent = () => state.agents[props.run.agentId]
  const log = () => state.steps[props.run.id]
  return (
    <Page
      title={t('run.of', { name: agent()?.displayName ?? t('agent.gone') })}
      back={conversationPath(props.run.target, { thread: props.run.threadId })}
      badge={<StateBadge run={props.run} />}
      actions={
        <Show when={canWrite()}>
          <For each={runMenu(props.run)}>
            {(item) => (
              <Button
                size="sm"
                kind={item.danger ? 'danger' : 'secondary'}
                icon={item.icon}
                onClick={() => item.onSelect()}
              >
                <span class="max-sm:sr-only">{item.label}</span>
              </Button>
            )}
          </For>
        </Show>
      }
    >
      <Show when={props.run.failure}>
        {(failure) => (
          <FailureBox
            failure={failure()}
            actions={
              <Show when={canWrite() && runMenu(props.run).length > 0}>
                <Button size="sm" icon="i-lucide-rotate-cw" onClick={() => void actOnRun(props.run, 'retry')}>
                  {t('run.retry')}
                </Button>
              </Show>
            }
          />
        )}
      </Show>
      <ApprovalList runId={props.run.id} />
      <Facts run={props.run} />
      <Card title={t('run.steps')}>
        <Show when={log()?.loaded && log()} fallback={<SkeletonRows count={3} avatar={false} />}>
          {(log) => (
            <ol class="col gap-3">
              <EarlierSteps runId={props.run.id} log={log()} />
              <For
                each={log().order}
                fallback={<p class="text-soft">{t(log().removed ? 'run.stepsRemoved' : 'run.noSteps')}</p>}
              >
                {(id) => (
                  <Show when={log().byId[id]}>
                    {(step) => (
                      <Show when={step().detail.type !== 'usage' && step().detail.type !== 'approval'}>
                        <li class="row items-start gap-3">
                          <time class="text-[12px] text-faint tabular-nums w-15 shrink-0 pt-1 whitespace-nowrap max-sm:hidden">
                            {clock(step().startedAt)}
                          </time>
                          <div class="flex-1 min-w-0">
                            <Step step={step()} live={!isOver(props.run) && id === log().order.at(-1)} />
                          </div>
                        </li>
                      </Show>
                    )}
                  </Show>
                )}
              </For>
            </ol>
          )}
        </Show>
      </Card>
    </Page>
  )
}

function Facts(props: { run: Run }) {
  const agent = () => state.agents[props.run.agentId]
  const computer = () => state.computers[props.run.computerId]
  const channel = () => state.channels[props.run.target]
  const steps = createMemo(() => Object.values(state.steps[props.run.id]?.byId ?? {}))
  const context = createMemo(() => contextOf(steps()))
  const time = () => elapsed(props.run, now())
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
      <Fact label={t('run.where')}>
        <A
          href={conversationPath(props.run.target, {
            thread: props.run.threadId,
            message: props.run.inputMessageId,
          })}
          class="hover:underline rounded"
        >
          <Show when={channel()} fallback={props.run.target}>
            {(channel) => <>{channel().kind === 'dm' ? channelTitle(channel()) : `#${channelTitle(channel())}`}</>}
          </Show>
        </A>
      </Fact>
      <Fact label={t('run.attempt')}>{t('run.attemptOf', { n: props.run.attempt, max: props.run.maxAttempts })}</Fact>
      <Fact label={t('run.started')}>{shortDate(props.run.startedAt ?? props.run.createdAt)}</Fact>
      <Fact label={t('run.time')}>{time() === null ? '–' : duration(time() ?? 0)}</Fact>
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
            <span class="block text-[12px] text-faint font-400">
              {t('run.context', { percent: Math.round((context().used / Math.max(1, context().size)) * 100) })}
            </span>
          )}
        </Show>
      </Fact>
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

const Fact = (props: { label: string; children: JSX.Element }) => (
  <div class="bg-surface px-4 py-3 min-w-0">
    <dt class="text-[12px] text-faint">{props.label}</dt>
    <dd class="font-550 text-[13.5px] truncate tabular-nums">{props.children}</dd>
  </div>
)
