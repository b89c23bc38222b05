import { useNavigate } from '@solidjs/router'
import { createSignal, onMount, Show, type JSX } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { TaskPatch, TaskPriority } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { lastTarget } from '../app/paths'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { toast } from '../ui/toast'
import { channelChoices, pickAssignee, pickDue, pickLabels, pickPriority } from './actions'
import { dueLabel } from './due'
import type { Prefill } from './open'
import { personOf } from './people'
import { pick, PickHost } from './pick'
import { priorityLook, taskPath } from './rules'
import { tasks } from './store'

interface Draft {
  target: string
  summary: string
  description: string
  priority: TaskPriority
  labels: string[]
  assigneeId: string | null
  dueAt: number | null
}

/** A channel that the reader can write in: the one at hand, the last one, or the first. */
function startTarget(wanted: string | undefined): string {
  const joined = (target: string | null | undefined) => Boolean(target && state.channels[target]?.joined)
  const last = lastTarget()
  if (wanted && joined(wanted)) return wanted
  if (last && joined(last)) return last
  return joined('#general') ? '#general' : (channelChoices()[0]?.value ?? '')
}

/** The window that makes a task: a title is enough. */
export default function CreateTask(props: { begin: Prefill; onClose: () => void }) {
  const navigate = useNavigate()
  const { begin } = props
  const parent = () => (begin.parentId ? tasks.items[begin.parentId] : undefined)
  const [draft, setDraft] = createStore<Draft>({
    target: parent()?.target ?? startTarget(begin.target),
    summary: begin.summary ?? '',
    description: begin.description ?? '',
    priority: begin.priority ?? 'none',
    labels: begin.labels ?? [],
    assigneeId: begin.assigneeId ?? null,
    dueAt: begin.dueAt ?? null,
  })
  const request = createRequest()
  const [another, setAnother] = createSignal(false)
  let title: HTMLInputElement | undefined
  onMount(() => queueMicrotask(() => title?.focus()))

  const save = async () => {
    const done = await request.run(async () => {
      const { summary, ...rest } = draft
      const task = await call('POST /api/tasks', {
        body: {
          ...rest,
          labels: [...draft.labels],
          summary: summary.trim(),
          ...(begin.parentId ? { parentId: begin.parentId } : {}),
        },
      })
      tasks.put(task)
      toast('ok', t('task.created', { number: task.number }), undefined, {
        label: t('task.open'),
        run: () => navigate(taskPath(task)),
      })
    })
    if (!done) return
    if (!another()) return props.onClose()
    setDraft({ summary: '', description: '' })
    title?.focus()
  }
  const submit = (event: Event) => {
    event.preventDefault()
    if (draft.summary.trim()) void save()
  }
  return (
    <Dialog
      open
      wide
      onClose={() => props.onClose()}
      title={parent() ? t('task.newPart', { number: parent()?.number ?? 0 }) : t('task.new')}
    >
      <form
        class="col gap-3"
        onSubmit={submit}
        onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event)}
      >
        <TextField
          ref={(input) => (title = input)}
          label={t('task.title')}
          required
          maxLength={300}
          value={draft.summary}
          error={request.wrong('summary')}
          onInput={(summary) => setDraft({ summary })}
        />
        <TextArea
          label={t('task.description')}
          hint={t('task.markdown')}
          rows={5}
          maxLength={40_000}
          value={draft.description}
          error={request.wrong('description')}
          onInput={(description) => setDraft({ description })}
        />
        <Fields draft={draft} fixed={parent() !== undefined} onChange={setDraft} />
        <ErrorNotice error={request.error()} />
        <footer class="row flex-wrap justify-end gap-3 pt-1">
          <label class="row gap-2 text-[13px] text-soft cursor-pointer mr-auto min-h-10">
            <input
              type="checkbox"
              class="size-4 accent-[var(--accent)]"
              checked={another()}
              onChange={(event) => setAnother(event.currentTarget.checked)}
            />
            {t('task.another')}
          </label>
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button kind="primary" type="submit" busy={request.busy()} disabled={!draft.summary.trim()}>
            {t('task.create')}
          </Button>
        </footer>
      </form>
      <PickHost />
    </Dialog>
  )
}

function Fields(props: { draft: Draft; fixed: boolean; onChange: (change: Partial<Draft>) => void }) {
  const channel = () => state.channels[props.draft.target]
  const title = () => {
    const known = channel()
    return known ? channelTitle(known) : props.draft.target
  }
  const take = ({ priority, assigneeId, labels, dueAt }: TaskPatch) =>
    props.onChange({
      ...(priority === undefined ? {} : { priority }),
      ...(assigneeId === undefined ? {} : { assigneeId }),
      ...(labels === undefined ? {} : { labels }),
      ...(dueAt === undefined ? {} : { dueAt }),
    })
  const chooseChannel = () =>
    pick({
      title: t('task.channel'),
      placeholder: t('task.pick.channel'),
      chosen: [props.draft.target],
      choices: channelChoices,
      one: (target) => props.onChange({ target, assigneeId: null }),
    })
  return (
    <div class="row flex-wrap gap-2">
      <Chip
        label={t('task.channel')}
        icon="i-lucide-hash"
        value={title()}
        disabled={props.fixed}
        onClick={chooseChannel}
      />
      <Chip
        label={t('task.assignee')}
        icon="i-lucide-user"
        value={props.draft.assigneeId ? personOf(props.draft.assigneeId).displayName : t('task.nobody')}
        onClick={() => pickAssignee([], take, [props.draft.target])}
      />
      <Chip
        label={t('task.priority')}
        icon={priorityLook[props.draft.priority].icon}
        value={t(`task.priority.${props.draft.priority}`)}
        onClick={() => pickPriority([], take)}
      />
      <Chip
        label={t('task.labels')}
        icon="i-lucide-tag"
        value={props.draft.labels.join(', ') || t('task.noLabels')}
        onClick={() => pickLabels([], take, props.draft.labels)}
      />
      <Chip
        label={t('task.due')}
        icon="i-lucide-calendar"
        value={props.draft.dueAt === null ? t('task.due.none') : dueLabel(props.draft.dueAt)}
        onClick={() => pickDue([], take)}
      />
    </div>
  )
}

/** A field of a task as a button that says its value and lets it be chosen. */
export const Chip = (props: {
  label: string
  icon: string
  value: JSX.Element
  disabled?: boolean
  onClick: () => void
}) => (
  <button
    type="button"
    disabled={props.disabled}
    onClick={() => props.onClick()}
    class="row gap-1.5 min-h-10 md:min-h-8 max-w-full px-2.5 rounded-lg border border-edge bg-surface text-[13px] hover:bg-sunken disabled:opacity-60"
  >
    <Icon name={props.icon} class="text-soft" />
    <Show when={props.label}>
      <span class="sr-only">{props.label}: </span>
    </Show>
    <span class="truncate">{props.value}</span>
  </button>
)
