import { useSearchParams } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Reminder } from '@shared/contract'
import { useHotkeys } from '../app/hotkeys'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/reminders'
import { canWrite } from '../store/session'
import { Button } from '../ui/button'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { SkeletonRows } from '../ui/skeleton'
import { Tabs } from '../ui/tabs'
import { ReminderDialog } from './form'
import { ReminderLog } from './log'
import { ReminderRow } from './row'
import { fetchShelf, onShelf, reminders, type Shelf } from './store'

const shelves: Shelf[] = ['upcoming', 'fired', 'canceled']

/** What will call people and agents back, and what did. `?new` opens the window that sets one. */
export default function RemindersPage() {
  const [params, setParams] = useSearchParams<{ new?: string }>()
  const [shelf, setShelf] = createSignal<Shelf>('upcoming')
  const [editing, setEditing] = createSignal<Reminder>()
  const [looking, setLooking] = createSignal<Reminder>()
  const creating = () => canWrite() && params.new !== undefined
  const create = () => setParams({ new: '1' }, { replace: true })
  useHotkeys([
    { keys: 'c', label: () => t('reminder.create'), group: () => t('nav.reminders'), run: create, when: canWrite },
  ])
  const make = () => (
    <Show when={canWrite()}>
      <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={create}>
        {t('reminder.create')}
      </Button>
    </Show>
  )
  return (
    <Page title={t('nav.reminders')} actions={make()}>
      <Tabs
        label={t('nav.reminders')}
        value={shelf()}
        onChange={setShelf}
        tabs={shelves.map((value) => ({ value, label: t(`reminder.shelf.${value}`) }))}
      >
        <Show when={shelf()} keyed>
          {(shelf) => <List shelf={shelf} onEdit={setEditing} onLog={setLooking} />}
        </Show>
      </Tabs>
      <Show when={creating()}>
        <ReminderDialog onClose={() => setParams({ new: undefined }, { replace: true })} />
      </Show>
      <Show when={editing()} keyed>
        {(reminder) => <ReminderDialog reminder={reminder} onClose={() => setEditing(undefined)} />}
      </Show>
      <Show when={looking()}>
        {(reminder) => <ReminderLog reminder={reminder()} onClose={() => setLooking(undefined)} />}
      </Show>
    </Page>
  )
}

function List(props: { shelf: Shelf; onEdit: (reminder: Reminder) => void; onLog: (reminder: Reminder) => void }) {
  const [next, setNext] = createSignal<string>()
  const first = createLoad(
    () => ({ era: reminders.era() }),
    async () => {
      setNext(await fetchShelf(props.shelf))
      return true
    },
  )
  const ids = createMemo(() => onShelf(Object.values(reminders.items), props.shelf).map(({ id }) => id))
  return (
    <Show when={first.value() || first.error()} fallback={<SkeletonRows count={4} avatar={false} />}>
      <div class="col gap-3">
        <ErrorNotice error={first.error()} />
        <Show
          when={ids().length > 0}
          fallback={
            <Empty
              icon="i-lucide-alarm-clock"
              title={t(`reminder.none.${props.shelf}`)}
              text={props.shelf === 'upcoming' ? t('reminder.noneText') : t('reminder.noneOver')}
            />
          }
        >
          <ul class="col rounded-xl border border-line bg-surface divide-y divide-line">
            <For each={ids()}>
              {(id) => (
                <Show when={reminders.items[id]}>
                  {(reminder) => <ReminderRow reminder={reminder()} onEdit={props.onEdit} onLog={props.onLog} />}
                </Show>
              )}
            </For>
          </ul>
        </Show>
        <Show when={next()}>
          {(cursor) => (
            <Button class="self-center" onClick={() => void fetchShelf(props.shelf, cursor()).then(setNext)}>
              {t('common.more')}
            </Button>
          )}
        </Show>
      </div>
    </Show>
  )
}
