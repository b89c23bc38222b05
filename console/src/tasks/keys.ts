import type { Task } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { useHotkeys, type Hotkey } from '../app/hotkeys'
import { canWrite } from '../store/session'
import { pickAssignee, pickDue, pickLabels, pickPriority, pickState } from './actions'
import { moveTask } from './board'
import { cancelAll } from './bulkbar'
import { STATES } from './rules'
import { atHand, clearSelected, currentId, selected, selectTo, toggleSelected } from './select'

interface Reach {
  layout: () => 'board' | 'list'
  setLayout: (layout: 'board' | 'list') => void
  /** Ids as they are shown. */
  order: () => string[]
  onEscape: () => void
}

/** Moves the focus to the card beside, above or below. */
function step(across: number, down: number): void {
  const columns = [...document.querySelectorAll('[data-board] [data-column]')]
    .map((column) => [...column.querySelectorAll<HTMLElement>('[data-card]')])
    .filter((cards) => cards.length > 0)
  const at = columns.findIndex((cards) => cards.some((card) => card === document.activeElement))
  const row = columns[at]?.findIndex((card) => card === document.activeElement) ?? -1
  const cards = at < 0 ? columns[0] : columns[at + across]
  const card = cards?.[at < 0 ? 0 : Math.min(row + down, cards.length - 1)]
  card?.focus()
  card?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

/** Moves the task at hand to the next column where it may go. */
function shift(direction: 1 | -1): void {
  const [task] = atHand()
  const at = task ? STATES.indexOf(task.state) : -1
  const to = STATES[at + direction]
  if (!task || at < 0 || !to) return
  moveTask(task, to)
  // The card is drawn anew in its other column: the focus goes with it.
  const follow = () => document.querySelector<HTMLElement>(`[data-card="${task.id}"]`)?.focus()
  follow()
  requestAnimationFrame(() => document.activeElement === document.body && follow())
}

const group = () => t('task.keys')

/** The keys that change the tasks that are marked, or the one at hand. */
export function useFieldKeys(): void {
  const some = () => canWrite() && (selected().size > 0 || currentId() !== undefined)
  const on = (keys: string, label: () => string, run: (list: Task[]) => void): Hotkey => ({
    keys,
    label,
    group,
    when: canWrite,
    run: () => some() && run(atHand()),
  })
  useHotkeys([
    on('s', () => t('task.state'), pickState),
    on('a', () => t('task.assignee'), pickAssignee),
    on('p', () => t('task.priority'), pickPriority),
    on('l', () => t('task.labels'), pickLabels),
    on('d', () => t('task.due'), pickDue),
    on(
      'Backspace',
      () => t('task.cancel'),
      (list) => void cancelAll(list),
    ),
  ])
}

/** The keys of the page of tasks. */
export function useTaskKeys({ layout, setLayout, order, onEscape }: Reach): void {
  useFieldKeys()
  const board = () => layout() === 'board'
  useHotkeys([
    { keys: 'x', label: () => t('task.select'), group, when: canWrite, run: () => mark(toggleSelected) },
    {
      keys: 'shift+x',
      label: () => t('task.selectTo'),
      group,
      when: canWrite,
      run: () => mark((id) => selectTo(id, order())),
    },
    { keys: 'v', label: () => t('task.switchLayout'), group, run: () => setLayout(board() ? 'list' : 'board') },
    {
      keys: 'f',
      label: () => t('task.search'),
      group,
      run: () => document.querySelector<HTMLElement>('[data-task-search]')?.focus(),
    },
    { keys: 'ArrowDown', label: () => t('task.keys.down'), group, when: board, run: () => step(0, 1) },
    { keys: 'ArrowUp', label: () => t('task.keys.up'), group, when: board, run: () => step(0, -1) },
    { keys: 'ArrowRight', label: () => t('task.keys.right'), group, when: board, run: () => step(1, 0) },
    { keys: 'ArrowLeft', label: () => t('task.keys.left'), group, when: board, run: () => step(-1, 0) },
    { keys: 'shift+ArrowRight', label: () => t('task.keys.forward'), group, when: board, run: () => shift(1) },
    { keys: 'shift+ArrowLeft', label: () => t('task.keys.backward'), group, when: board, run: () => shift(-1) },
    {
      keys: 'Escape',
      label: () => t('task.keys.escape'),
      group,
      run: () => (selected().size ? clearSelected() : onEscape()),
    },
  ])
}

function mark(how: (id: string) => void): void {
  const id = currentId()
  if (id) how(id)
}
