import { Show } from 'solid-js'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Select } from '../ui/select'
import { channelChoices, peopleChoices, priorityChoices } from './actions'
import { DUE, GROUPS, type Look, SORTS, isNarrow } from './filter'
import { personOf } from './people'
import { type Choice, pick } from './pick'
import { STATES, isPriority, isState, stateLook } from './rules'
import { Search } from './search'
import { labels } from './store'
import { Views } from './views'

interface BarProps {
  look: Look
  onLook: (look: Look) => void
  /** There is little room: it scrolls instead of taking a second line. */
  tight?: boolean
}

/** What the tasks are narrowed by; all of it goes into the address. */
export function FilterBar(props: BarProps) {
  const set = (change: Partial<Look>) => props.onLook({ ...props.look, ...change })
  return (
    <div
      class={cx(
        'relative row gap-2 px-3 sm:px-5 py-2 border-b border-line [scrollbar-width:none] shrink-0',
        props.tight ? 'overflow-x-auto' : 'max-md:overflow-x-auto md:flex-wrap',
      )}
    >
      <Views look={props.look} onLook={props.onLook} />
      <Search text={props.look.text} onText={(text) => set({ text })} />
      <Filters {...props} set={set} />
      <Show when={isNarrow(props.look)}>
        <Button
          size="sm"
          kind="ghost"
          icon="i-lucide-x"
          class="max-md:h-10"
          onClick={() =>
            set({
              target: undefined,
              states: [],
              assignees: [],
              label: undefined,
              priorities: [],
              due: undefined,
              text: '',
            })
          }
        >
          {t('task.filter.clear')}
        </Button>
      </Show>
      <Show when={props.look.layout === 'list'}>
        <span class="row gap-2 ml-auto pl-2 shrink-0">
          <Select
            quiet
            label={t('task.group')}
            value={props.look.group}
            options={GROUPS.map((value) => ({ value, label: t(`task.group.${value}`) }))}
            onChange={(group) => set({ group })}
          />
          <Select
            quiet
            label={t('task.sort')}
            value={props.look.sort}
            options={SORTS.map((value) => ({ value, label: t(`task.sort.${value}`) }))}
            onChange={(sort) => set({ sort })}
          />
        </span>
      </Show>
    </div>
  )
}

function Filters(props: BarProps & { set: (change: Partial<Look>) => void }) {
  const ask = (title: string, chosen: readonly string[], choices: () => Choice[], all: (values: string[]) => void) =>
    pick({ title, placeholder: title, chosen, choices, all })
  const named = (ids: readonly string[], name: (id: string) => string) => ids.map(name).join(', ')
  return (
    <>
      <Filter
        icon="i-lucide-hash"
        label={t('task.channel')}
        value={props.look.target ? channelName(props.look.target) : ''}
        onClick={() =>
          pick({
            title: t('task.channel'),
            placeholder: t('task.pick.channel'),
            chosen: [props.look.target ?? ''],
            choices: () => [
              { value: '', label: t('task.filter.allChannels'), icon: 'i-lucide-layers' },
              ...channelChoices(),
            ],
            one: (target) => props.set({ target: target || undefined }),
          })
        }
      />
      <Filter
        icon="i-lucide-circle-dot"
        label={t('task.state')}
        value={named(props.look.states, (state) => (isState(state) ? t(`task.state.${state}`) : state))}
        onClick={() =>
          ask(
            t('task.state'),
            props.look.states,
            () => STATES.map((value) => ({ value, label: t(`task.state.${value}`), ...stateLook[value] })),
            (values) => props.set({ states: values.filter(isState) }),
          )
        }
      />
      <Filter
        icon="i-lucide-user"
        label={t('task.assignee')}
        value={named(props.look.assignees, (id) =>
          id === 'me' ? t('task.filter.me') : id === 'none' ? t('task.nobody') : personOf(id).displayName,
        )}
        onClick={() =>
          ask(
            t('task.assignee'),
            props.look.assignees,
            () => [
              { value: 'me', label: t('task.filter.me'), icon: 'i-lucide-user-check' },
              { value: 'none', label: t('task.nobody'), icon: 'i-lucide-user-x' },
              ...peopleChoices(props.look.target ? [props.look.target] : []).filter(
                ({ value }) => value !== state.me?.id,
              ),
            ],
            (values) => props.set({ assignees: values }),
          )
        }
      />
      <Filter
        icon="i-lucide-signal-high"
        label={t('task.priority')}
        value={named(props.look.priorities, (value) => (isPriority(value) ? t(`task.priority.${value}`) : value))}
        onClick={() =>
          ask(t('task.priority'), props.look.priorities, priorityChoices, (values) =>
            props.set({ priorities: values.filter(isPriority) }),
          )
        }
      />
      <Filter
        icon="i-lucide-tag"
        label={t('task.label')}
        value={props.look.label ?? ''}
        onClick={() =>
          pick({
            title: t('task.label'),
            placeholder: t('task.pick.labels'),
            chosen: [props.look.label ?? ''],
            choices: () => [
              { value: '', label: t('task.filter.anyLabel'), icon: 'i-lucide-tags' },
              ...labels().map((label) => ({ value: label, label })),
            ],
            one: (label) => props.set({ label: label || undefined }),
          })
        }
      />
      <Filter
        icon="i-lucide-calendar"
        label={t('task.due')}
        value={props.look.due ? t(`task.filter.due.${props.look.due}`) : ''}
        onClick={() =>
          pick({
            title: t('task.due'),
            placeholder: t('task.due'),
            chosen: [props.look.due ?? ''],
            choices: () => [
              { value: '', label: t('task.filter.anyTime'), icon: 'i-lucide-calendar' },
              ...DUE.map((due) => ({
                value: due,
                label: t(`task.filter.due.${due}`),
                icon: 'i-lucide-calendar-clock',
              })),
            ],
            one: (value) => props.set({ due: DUE.find((due) => due === value) }),
          })
        }
      />
    </>
  )
}

const channelName = (target: string): string => {
  const channel = state.channels[target]
  return channel ? channelTitle(channel) : target
}

const Filter = (props: { icon: string; label: string; value: string; onClick: () => void }) => (
  <button
    type="button"
    onClick={() => props.onClick()}
    class={cx(
      'row gap-1.5 h-10 md:h-7 [@media(pointer:coarse)]:h-10! px-2.5 rounded-lg text-[13px] whitespace-nowrap shrink-0 border',
      props.value
        ? 'bg-accent-soft text-accent-text border-transparent font-550'
        : 'border-line text-soft hover:text-ink hover:border-edge',
    )}
  >
    <Icon name={props.icon} />
    <Show when={props.value} fallback={props.label}>
      <span class="sr-only">{props.label}: </span>
      <span class="truncate max-w-40">{props.value}</span>
    </Show>
  </button>
)
