import { Show } from 'solid-js'
import type { Task } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { confirm } from '../ui/confirm'
import { Button, IconButton } from '../ui/button'
import { changeAll, pickAssignee, pickDue, pickLabels, pickPriority, pickState } from './actions'
import { mayBecome } from './rules'
import { clearSelected, selected } from './select'
import { tasks } from './store'

/** Cancels tasks: they stay on the board, with what was said about them, and can be opened again. */
export async function cancelAll(list: readonly Task[]): Promise<void> {
  const open = list.filter((task) => mayBecome(task.state, 'canceled') && task.state !== 'canceled')
  if (!open.length) return
  const body = t('task.cancelText')
  const title = t('task.cancelTitle', { n: open.length })
  if (!(await confirm({ title, body, action: t('task.cancel'), danger: true }))) return
  await changeAll(open, { state: 'canceled' })
  clearSelected()
}

/** What can be done with all tasks that are marked. */
export function BulkBar() {
  const list = () => [...selected()].flatMap((id) => tasks.items[id] ?? [])
  return (
    <Show when={selected().size > 0}>
      <div
        role="toolbar"
        aria-label={t('task.bulk')}
        class="absolute bottom-4 inset-x-3 mx-auto w-fit z-10 row flex-wrap justify-center gap-1.5 rounded-2xl border border-line bg-raised shadow-[var(--float)] px-3 py-2"
      >
        <span class="text-[13px] font-600 px-1" role="status">
          {t('task.selected', { n: selected().size })}
        </span>
        <Button size="sm" class="max-md:h-10" icon="i-lucide-circle-dot" onClick={() => pickState(list())}>
          {t('task.state')}
        </Button>
        <Button size="sm" class="max-md:h-10" icon="i-lucide-user" onClick={() => pickAssignee(list())}>
          {t('task.assignee')}
        </Button>
        <Button size="sm" class="max-md:h-10" icon="i-lucide-signal-high" onClick={() => pickPriority(list())}>
          {t('task.priority')}
        </Button>
        <Button size="sm" class="max-md:h-10" icon="i-lucide-tag" onClick={() => pickLabels(list())}>
          {t('task.labels')}
        </Button>
        <Button size="sm" class="max-md:h-10" icon="i-lucide-calendar" onClick={() => pickDue(list())}>
          {t('task.due')}
        </Button>
        <Button
          size="sm"
          class="max-md:h-10"
          kind="danger"
          icon="i-lucide-circle-slash"
          onClick={() => void cancelAll(list())}
        >
          {t('task.cancel')}
        </Button>
        <IconButton icon="i-lucide-x" label={t('task.clearSelected')} class="max-md:size-10!" onClick={clearSelected} />
      </div>
    </Show>
  )
}
