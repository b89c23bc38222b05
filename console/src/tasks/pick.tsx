import { createMemo, createSignal, createUniqueId, For, onCleanup, Show } from 'solid-js'
import { createLoad } from '../app/load'
import { fit } from '../app/fuzzy'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'

export interface Choice {
  value: string
  label: string
  icon?: string | undefined
  /** Colour of the icon. */
  ink?: string | undefined
  avatar?: { name: string; kind: 'human' | 'agent' } | undefined
  hint?: string | undefined
  /** Why it cannot be chosen. */
  refused?: string | undefined
}

interface Question {
  title: string
  /** What the field above the choices says. */
  placeholder: string
  choices: () => Choice[]
  /** Chosen already. */
  chosen: readonly string[]
  /** What was typed and is none of the choices, made into one. */
  more?: (typed: string) => Promise<Choice[]>
  /** With it several can be chosen; `all` is then called once, at the end. */
  all?: (values: string[]) => void
  one?: (value: string) => void
}

const [asked, setAsked] = createSignal<Question>()

/** Asks for one or several of a list, with a field that narrows it. */
export const pick = (question: Question): void => void setAsked(question)

const [hosts, setHosts] = createSignal<readonly symbol[]>([])

/** Where the questions of `pick` are shown: in each page and window that asks. Of several the innermost shows them. */
export function PickHost() {
  const me = Symbol('host')
  setHosts((all) => [...all, me])
  onCleanup(() => setHosts((all) => all.filter((one) => one !== me)))
  const close = () => setAsked(undefined)
  return (
    <Show when={hosts().at(-1) === me && asked()} keyed>
      {(question) => (
        <Dialog open onClose={close} title={question.title}>
          <Body question={question} onClose={close} />
        </Dialog>
      )}
    </Show>
  )
}

function Body(props: { question: Question; onClose: () => void }) {
  const { question } = props
  const id = createUniqueId()
  const [typed, setTyped] = createSignal('')
  const [at, setAt] = createSignal(0)
  const [values, setValues] = createSignal<readonly string[]>(question.chosen)
  const extra = createLoad(
    () => (question.more ? typed() : undefined),
    (text) => question.more?.(text) ?? Promise.resolve([]),
  )
  const found = createMemo(() => {
    const fitting = question
      .choices()
      .filter((choice) => Math.max(fit(choice.label, typed()), fitHint(choice, typed())) > 0)
    const known = new Set(fitting.map(({ value }) => value))
    return [...fitting, ...(extra.value() ?? []).filter(({ value }) => !known.has(value))]
  })
  const finish = (list: readonly string[]) => {
    props.onClose()
    question.all?.([...list])
  }
  const choose = (choice: Choice | undefined) => {
    if (!choice || choice.refused) return
    if (!question.all) {
      props.onClose()
      return question.one?.(choice.value)
    }
    setValues((list) =>
      list.includes(choice.value) ? list.filter((value) => value !== choice.value) : [...list, choice.value],
    )
    setTyped('')
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const last = found().length - 1
    if (event.key === 'ArrowDown') setAt((n) => (n >= last ? 0 : n + 1))
    else if (event.key === 'ArrowUp') setAt((n) => (n <= 0 ? last : n - 1))
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && question.all) finish(values())
    else if (event.key === 'Enter') choose(found()[at()])
    else return
    event.preventDefault()
    document.getElementById(`${id}-${at()}`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <div class="col gap-2 -mx-2">
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found().length > 0 ? `${id}-${at()}` : undefined}
        aria-label={question.placeholder}
        placeholder={question.placeholder}
        value={typed()}
        ref={(input) => queueMicrotask(() => input.focus())}
        onInput={(event) => {
          setTyped(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={keydown}
        class="h-10 px-3 rounded-lg border border-edge bg-surface text-sm focus:outline-none focus:border-accent focus:ring-3 focus:ring-accent/20"
      />
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={question.title}
        aria-multiselectable={question.all ? 'true' : undefined}
        class="max-h-[45dvh] overflow-y-auto col"
      >
        <For
          each={found()}
          fallback={
            <li role="presentation" class="px-3 py-6 text-center text-soft">
              {t('task.pick.nothing')}
            </li>
          }
        >
          {(choice, index) => (
            <Row
              id={`${id}-${index()}`}
              choice={choice}
              here={index() === at()}
              chosen={values().includes(choice.value)}
              onHover={() => setAt(index())}
              onChoose={() => choose(choice)}
            />
          )}
        </For>
      </ul>
      <Show when={question.all}>
        <Button kind="primary" class="mx-2" onClick={() => finish(values())}>
          {t('common.done')}
        </Button>
      </Show>
    </div>
  )
}

const fitHint = (choice: Choice, typed: string): number => (choice.hint ? fit(choice.hint, typed) : 0)

interface RowProps {
  id: string
  choice: Choice
  here: boolean
  chosen: boolean
  onHover: () => void
  onChoose: () => void
}

const Row = (props: RowProps) => (
  <li
    id={props.id}
    role="option"
    aria-selected={props.chosen}
    aria-disabled={props.choice.refused ? 'true' : undefined}
    onMouseMove={() => props.onHover()}
    onClick={() => props.onChoose()}
    class={cx(
      'row gap-3 px-3 py-2 min-h-10 md:min-h-9 rounded-lg text-[13.5px]',
      props.here && 'bg-accent-soft',
      props.choice.refused ? 'text-faint cursor-not-allowed' : 'cursor-pointer',
    )}
  >
    <Show
      when={props.choice.avatar}
      fallback={
        <Icon name={props.choice.icon ?? 'i-lucide-tag'} class={cx('text-[16px]', props.choice.ink ?? 'text-soft')} />
      }
    >
      {(avatar) => <Avatar name={avatar().name} kind={avatar().kind} size="xs" />}
    </Show>
    <span class="flex-1 min-w-0 truncate">{props.choice.label}</span>
    <span class="text-[12px] text-soft shrink-0">{props.choice.refused ?? props.choice.hint}</span>
    <Icon name="i-lucide-check" class={cx('text-[15px] text-accent-text', !props.chosen && 'invisible')} />
  </li>
)
