import { A } from '@solidjs/router'
import { For, Show, type JSX, type ParentProps } from 'solid-js'
import type { Task } from '@shared/contract'
import { runPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { duration, fullDate, now, relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { TextArea } from '../ui/field'
import { pickAssignee, pickDue, pickLabels, pickPriority, pickReviewers, pickState } from './actions'
import { Due, Labels } from './card'
import { claim, giveBack } from './claim'
import { personOf } from './people'
import { ownerOf, priorityLook, stateLook } from './rules'
import { changeTask, tasks } from './store'
import { state } from '../store/state'
import { isOver } from '../store/runs'

/** What a task is besides its text; each value is a button that changes it. */
export const Properties = (props: { task: Task }) => (
  <div class="col gap-3">
    <dl class="grid grid-cols-[7rem_minmax(0,1fr)] gap-x-2 gap-y-0.5 items-center text-[13.5px]">
      <Line name={t('task.state')} onClick={() => pickState([props.task])}>
        <Icon name={stateLook[props.task.state].icon} class={cx('text-[15px]', stateLook[props.task.state].ink)} />
        {t(`task.state.${props.task.state}`)}
      </Line>
      <Line name={t('task.priority')} onClick={() => pickPriority([props.task])}>
        <Icon
          name={priorityLook[props.task.priority].icon}
          class={cx('text-[15px]', priorityLook[props.task.priority].ink)}
        />
        {t(`task.priority.${props.task.priority}`)}
      </Line>
      <Line name={t('task.assignee')} onClick={() => pickAssignee([props.task])}>
        <Show when={props.task.assigneeId} fallback={<span class="text-soft">{t('task.nobody')}</span>}>
          {(id) => <Person id={id()} />}
        </Show>
      </Line>
      <Line name={t('task.reviewers')} onClick={() => pickReviewers(props.task)}>
        <Show when={props.task.reviewerIds.length} fallback={<span class="text-soft">{t('task.nobody')}</span>}>
          <span class="row flex-wrap gap-x-3 gap-y-1">
            <For each={props.task.reviewerIds}>{(id) => <Person id={id} />}</For>
          </span>
        </Show>
      </Line>
      <Line name={t('task.labels')} onClick={() => pickLabels([props.task])}>
        <Show when={props.task.labels.length} fallback={<span class="text-soft">{t('task.noLabels')}</span>}>
          <span class="row flex-wrap gap-1">
            <Labels task={props.task} most={20} />
          </span>
        </Show>
      </Line>
      <Line name={t('task.due')} onClick={() => pickDue([props.task])}>
        <Show when={props.task.dueAt} fallback={<span class="text-soft">{t('task.due.none')}</span>}>
          <Due task={props.task} />
        </Show>
      </Line>
      <Show when={props.task.parentId}>
        {(parentId) => (
          <Said name={t('task.partOf')}>
            <A
              href={`/tasks/${tasks.items[parentId()]?.number ?? parentId()}`}
              class="text-accent-text hover:underline truncate"
            >
              {tasks.items[parentId()]
                ? `#${tasks.items[parentId()]?.number} ${tasks.items[parentId()]?.summary}`
                : t('task.whole')}
            </A>
          </Said>
        )}
      </Show>
      <Said name={t('task.made')}>
        <span title={fullDate(props.task.createdAt)} class="truncate">
          {props.task.createdBy.displayName}, {relative(props.task.createdAt)}
        </span>
      </Said>
    </dl>
    <Show when={props.task.state === 'blocked'}>
      <Blocked task={props.task} />
    </Show>
    <InHand task={props.task} />
  </div>
)

const Person = (props: { id: string }) => (
  <span class="row gap-1.5 min-w-0">
    <Avatar name={personOf(props.id).name} kind={personOf(props.id).kind} size="xs" />
    <span class="truncate">{personOf(props.id).displayName}</span>
  </span>
)

const Line = (props: ParentProps<{ name: string; onClick: () => void }>) => (
  <>
    <dt class="text-soft text-[13px]">{props.name}</dt>
    <dd class="min-w-0">
      <Show when={canWrite()} fallback={<span class="row gap-2 min-h-8">{props.children}</span>}>
        <button
          type="button"
          onClick={() => props.onClick()}
          title={t('task.change', { what: props.name })}
          class="row gap-2 min-h-10 md:min-h-8 max-w-full px-2 -mx-2 rounded-lg hover:bg-hover text-left"
        >
          <span class="sr-only">{props.name}: </span>
          {props.children}
        </button>
      </Show>
    </dd>
  </>
)

const Said = (props: { name: string; children: JSX.Element }) => (
  <>
    <dt class="text-soft text-[13px]">{props.name}</dt>
    <dd class="row min-h-8 min-w-0">{props.children}</dd>
  </>
)

function Blocked(props: { task: Task }) {
  const save = (reason: string) =>
    reason !== props.task.blockedReason && void changeTask(props.task, { blockedReason: reason })
  return (
    <TextArea
      label={t('task.blockedReason')}
      rows={2}
      maxLength={2000}
      readonly={!canWrite()}
      value={props.task.blockedReason}
      onInput={() => undefined}
      onChange={(event) => save(event.currentTarget.value)}
    />
  )
}

/** Who has the task in hand, for how long still, and the run that it is done in. */
function InHand(props: { task: Task }) {
  const owner = () => ownerOf(props.task)
  const mine = () => owner()?.holder.id === state.me?.id
  const mayClaim = () =>
    canWrite() &&
    !owner() &&
    (props.task.state === 'todo' || props.task.state === 'in_progress') &&
    props.task.claimPolicy !== 'unclaimable'
  return (
    <Show
      when={owner()}
      fallback={
        <Show when={mayClaim()}>
          <Button size="sm" icon="i-lucide-hand" class="self-start max-md:h-10" onClick={() => void claim(props.task)}>
            {t('task.claim')}
          </Button>
        </Show>
      }
    >
      {(claimed) => (
        <section class="rounded-xl border border-line bg-surface px-3 py-2.5 col gap-2" aria-label={t('task.inHand')}>
          <p class="row flex-wrap gap-2 text-[13px]">
            <Avatar
              name={claimed().holder.name}
              kind={claimed().holder.kind === 'agent' ? 'agent' : 'human'}
              size="xs"
            />
            <span class="font-550">{t('task.inHandOf', { name: claimed().holder.displayName })}</span>
            <Badge>{t('task.attempt', { n: claimed().attempt })}</Badge>
          </p>
          <p class="text-[12.5px] text-soft">
            {claimed().expiresAt === null
              ? t('task.leaseOpen', { when: relative(claimed().claimedAt) })
              : t('task.lease', { left: duration(Math.max(0, (claimed().expiresAt ?? 0) - now())) })}
          </p>
          <Show when={claimed().runId}>{(runId) => <RunLink id={runId()} />}</Show>
          <Show when={mine()}>
            <Button
              size="sm"
              class="self-start max-md:h-10"
              onClick={() => void giveBack(props.task, claimed().leaseId)}
            >
              {t('task.giveBack')}
            </Button>
          </Show>
        </section>
      )}
    </Show>
  )
}

export const RunLink = (props: { id: string }) => (
  <A href={runPath(props.id)} class="row gap-1.5 text-[13px] text-accent-text hover:underline self-start rounded">
    <Icon name={isOver(state.runs[props.id]) ? 'i-lucide-square-check' : 'i-lucide-activity'} />
    {t('task.openRun')}
  </A>
)
