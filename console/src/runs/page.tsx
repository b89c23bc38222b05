import { useNavigate, useParams } from '@solidjs/router'
import { createMemo, createSignal, For, Match, Show, Suspense, Switch } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Run, RunStep } from '@shared/contract'
import '../i18n/en/work'
import { ApprovalList } from '../approvals/request'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { createPart } from '../app/part'
import { NotFound } from '../app/notfound'
import { computerPath, conversationPath, runPath } from '../app/paths'
import { t } from '../i18n'
import { now } from '../i18n/dates'
import { ScreenBeside } from '../screens/beside'
import { hasScreen } from '../screens/supported'
import { fetchRun, isOver, watchRun } from '../store/runs'
import { canWrite } from '../store/session'
import { state } from '../store/state'
import { Button, LinkButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { Tabs } from '../ui/tabs'
import { runMenu } from './actions'
import { RunFacts } from './facts'
import { FailureBox } from './failure'
import { failedAtComputer } from './failures'
import { changesOf } from './files'
import { LongStepList } from './longlist'
import { StateBadge } from './state'
import { TimelineStrip } from './strip'

const RunArtifacts = lazy(async () => ({ default: (await import('../artifacts/card')).RunArtifacts }))
const RunChanges = lazy(() => import('./changes'))
const RunReplay = lazy(() => import('./replayview'))
const Archive = lazy(async () => ({ default: (await import('./archive')).ArchiveView }))

const parts = ['steps', 'changes', 'replay', 'archive'] as const

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
  return (
    <Page
      title={t('run.of', { name: agent()?.displayName ?? t('agent.gone') })}
      back={conversationPath(props.run.target, { thread: props.run.threadId, message: props.run.inputMessageId })}
      badge={<StateBadge run={props.run} />}
      actions={<Actions run={props.run} />}
      wide={hasScreen(agent()) ? 'full' : true}
    >
      <Show when={props.run.failure}>
        {(failure) => <FailureBox failure={failure()} actions={<FailureNext run={props.run} />} />}
      </Show>
      <ApprovalList runId={props.run.id} />
      <div class={cx(hasScreen(agent()) && !isOver(props.run) && 'max-md:order-last')}>
        <RunFacts run={props.run} />
      </div>
      <Suspense>
        <RunArtifacts runId={props.run.id} />
      </Suspense>
      <Parts run={props.run} />
    </Page>
  )
}

/** A run that was tried again goes on as another one; its page is the one to be on. */
const followRun = (run: Run, navigate: (to: string) => void) => (next: Run) =>
  next.id !== run.id && navigate(runPath(next.id))

function Actions(props: { run: Run }) {
  const navigate = useNavigate()
  return (
    <Show when={canWrite()}>
      <For each={runMenu(props.run, followRun(props.run, navigate))}>
        {(item) => (
          <Button
            size="sm"
            kind={item.danger ? 'danger' : 'secondary'}
            icon={item.icon}
            title={item.text}
            onClick={() => item.onSelect()}
          >
            <span class="max-sm:sr-only">{item.label}</span>
          </Button>
        )}
      </For>
    </Show>
  )
}

function FailureNext(props: { run: Run }) {
  const navigate = useNavigate()
  return (
    <>
      <Show when={canWrite()}>
        <For each={runMenu(props.run, followRun(props.run, navigate))}>
          {(item) => (
            <Button size="sm" icon={item.icon} title={item.text} onClick={() => item.onSelect()}>
              {item.label}
            </Button>
          )}
        </For>
      </Show>
      <Show when={props.run.failure && failedAtComputer(props.run.failure.reason)}>
        <LinkButton size="sm" kind="ghost" icon="i-lucide-monitor" href={computerPath(props.run.computerId)}>
          {t('failure.openComputer')}
        </LinkButton>
      </Show>
    </>
  )
}

function Parts(props: { run: Run }) {
  const [part, show] = createPart(parts)
  const log = () => state.steps[props.run.id]
  const steps = createMemo<RunStep[]>(() => {
    const known = log()
    return known ? known.order.flatMap((id) => known.byId[id] ?? []) : []
  })
  // Only computers with an older daemon keep archives, and most runs have none.
  const archived = createLoad(
    () => (isOver(props.run) || part() === 'archive' ? props.run.id : undefined),
    (id) =>
      call('GET /api/agent-runs/{id}', { params: { id }, query: {} }).then(
        () => true,
        () => false,
      ),
  )
  const changes = createMemo(() => new Set(changesOf(steps()).map((change) => change.path)).size)
  return (
    <Tabs
      label={t('work.tabs')}
      value={part()}
      onChange={show}
      tabs={[
        { value: 'steps', label: t('run.steps') },
        { value: 'changes', label: changes() > 0 ? t('work.changesOf', { n: changes() }) : t('work.changes') },
        { value: 'replay', label: t('work.replay') },
        ...(archived.value() ? [{ value: 'archive' as const, label: t('work.archive') }] : []),
      ]}
    >
      <Suspense fallback={<SkeletonRows count={3} avatar={false} />}>
        <Switch>
          <Match when={part() === 'steps'}>
            <ScreenBeside run={props.run}>
              <Show when={log()?.loaded && log()} fallback={<SkeletonRows count={3} avatar={false} />}>
                {(log) => <Steps run={props.run} steps={steps()} log={log()} />}
              </Show>
            </ScreenBeside>
          </Match>
          <Match when={part() === 'changes'}>
            <RunChanges run={props.run} />
          </Match>
          <Match when={part() === 'replay'}>
            <RunReplay run={props.run} />
          </Match>
          <Match when={part() === 'archive'}>
            <Archive runId={props.run.id} />
          </Match>
        </Switch>
      </Suspense>
    </Tabs>
  )
}

function Steps(props: { run: Run; steps: RunStep[]; log: Parameters<typeof LongStepList>[0]['log'] }) {
  const [goTo, setGoTo] = createSignal<{ id: string }>()
  return (
    <div class="col gap-4">
      <TimelineStrip
        steps={props.steps}
        until={isOver(props.run) ? (props.run.completedAt ?? 0) : now()}
        current={goTo()?.id}
        onPick={(id) => setGoTo({ id })}
      />
      <LongStepList run={props.run} log={props.log} goTo={goTo()} />
    </div>
  )
}
