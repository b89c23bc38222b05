import { A, useNavigate } from '@solidjs/router'
import { createMemo, Show } from 'solid-js'
import type { Run } from '@shared/contract'
import { ApprovalList } from '../approvals/request'
import { runPath } from '../app/paths'
import { t } from '../i18n'
import { now } from '../i18n/dates'
import { hasScreen } from '../screens/supported'
import { canWrite } from '../store/session'
import { isOver, taskOfRun, watchRun } from '../store/runs'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button, LinkButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Menu } from '../ui/menu'
import { Skeleton } from '../ui/skeleton'
import { actOnRun, runMenu } from './actions'
import { StateBadge } from './state'
import { StepList } from './steps'
import { runFigures } from './usage'

/** An agent at work, live: what it says, does and asks. */
export function RunCard(props: { run: Run | undefined; runId?: string }) {
  const id = () => props.run?.id ?? props.runId
  watchRun(id)
  return (
    <Show when={props.run ?? state.runs[id() ?? '']} fallback={<Skeleton class="h-12 w-full rounded-xl" />}>
      {(run) => <Card run={run()} />}
    </Show>
  )
}

function Card(props: { run: Run }) {
  const navigate = useNavigate()
  const agent = () => state.agents[props.run.agentId]
  const log = () => state.steps[props.run.id]
  const waiting = () => props.run.state === 'waiting_approval'
  const joined = () => props.run.joinedRunId
  const figures = createMemo(() => runFigures(props.run, now()))
  return (
    <section
      aria-label={t('run.of', { name: agent()?.displayName ?? '' })}
      class={cx('rounded-xl border bg-surface overflow-hidden', waiting() ? 'border-warn/50' : 'border-line')}
    >
      <header class="row gap-2.5 pl-3 pr-1.5 py-1.5 border-b border-line bg-sunken">
        <Avatar name={agent()?.name ?? '?'} kind="agent" size="sm" />
        <A href={runPath(props.run.id)} class="font-600 text-[13.5px] truncate hover:underline rounded">
          {agent()?.displayName}
        </A>
        <StateBadge run={props.run} />
        <Show when={taskOfRun(props.run.id)}>
          {(task) => (
            <A
              href={`/tasks/${task().id}`}
              title={task().summary}
              class="text-[12.5px] text-soft hover:underline rounded tabular-nums"
            >
              #{task().number}
            </A>
          )}
        </Show>
        <span class="text-[12.5px] text-faint tabular-nums truncate max-sm:hidden">{figures()}</span>
        <div class="row gap-1 ml-auto">
          <Show when={hasScreen(agent()) && !isOver(props.run)}>
            <LinkButton size="sm" kind="ghost" icon="i-lucide-monitor-play" href={runPath(props.run.id)}>
              <span class="max-sm:sr-only">{t('run.watchScreen')}</span>
            </LinkButton>
          </Show>
          <Show when={canWrite() && !isOver(props.run)}>
            <Button size="sm" kind="ghost" icon="i-lucide-square" onClick={() => void actOnRun(props.run, 'interrupt')}>
              <span class="max-sm:sr-only">{t('run.stop')}</span>
            </Button>
          </Show>
          <Menu
            label={t('run.menu')}
            items={[
              { label: t('run.open'), icon: 'i-lucide-list-tree', onSelect: () => navigate(runPath(props.run.id)) },
              ...(canWrite() ? runMenu(props.run) : []),
            ]}
          />
        </div>
      </header>
      <div class="px-3.5 py-2.5 col gap-2.5">
        <Show when={joined()}>
          <p class="text-[13px] text-soft">{t('delivery.joinedNow')}</p>
        </Show>
        <Show when={log()} fallback={<Skeleton class="h-3 w-2/5" />}>
          {(log) => (
            <Show
              when={log().order.length > 0}
              fallback={<p class="text-[13px] text-soft pulse">{t(`run.${props.run.state}.hint`)}</p>}
            >
              <StepList runId={props.run.id} log={log()} live={!isOver(props.run)} />
            </Show>
          )}
        </Show>
        <ApprovalList runId={props.run.id} />
      </div>
    </section>
  )
}
