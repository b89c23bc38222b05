import { useLocation, useNavigate } from '@solidjs/router'
import { createEffect, createMemo, createSignal, createUniqueId, For, on, onCleanup, Show } from 'solid-js'
import { call } from '../api/client'
import { addedCommands, type Command } from '../app/commands'
import { createLoad } from '../app/load'
import { conversationPath } from '../app/paths'
import { builtIn } from '../app/places'
import { Keys } from '../app/shortcuts'
import { t } from '../i18n'
import '../i18n/en/palette'
import { relative } from '../i18n/dates'
import { cx } from '../ui/cx'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { find, type Section } from './find'
import { keepUse, readUses } from './usage'

/** Somebody pauses for so long before messages are searched, in milliseconds. */
const pauseMs = 180
const icons = {
  message: 'i-lucide-message-square-text',
  task: 'i-lucide-square-check-big',
  attachment: 'i-lucide-paperclip',
}

/** Messages, tasks and files that hold what was typed. */
function createSearch(typed: () => string) {
  const [settled, setSettled] = createSignal('')
  createEffect(
    on(typed, (text) => {
      const timer = setTimeout(() => setSettled(text.trim()), pauseMs)
      onCleanup(() => clearTimeout(timer))
    }),
  )
  const words = () => (settled().length > 1 ? settled() : undefined)
  const answer = createLoad(words, (q) =>
    // What is half written may not be a search yet.
    call('GET /api/search', { query: { q, limit: 8 } }).catch(() => ({ items: [] })),
  )
  return createMemo((): Command[] => {
    if (!words() || typed().trim().length < 2) return []
    return (answer.value()?.items ?? []).map((hit) => ({
      id: hit.id,
      group: 'message',
      icon: icons[hit.kind],
      label: hit.title || hit.snippet,
      hint: `${hit.sender?.displayName ?? ''} · ${relative(hit.createdAt)}`,
      href:
        hit.kind === 'task'
          ? `/tasks/${hit.id}`
          : conversationPath(hit.target, { thread: hit.threadId, message: hit.kind === 'message' ? hit.id : null }),
    }))
  })
}

interface Step {
  title: string
  commands: () => Command[]
}

export default function Palette(props: { onClose: () => void }) {
  const navigate = useNavigate()
  const location = useLocation()
  const id = createUniqueId()
  const [typed, setTyped] = createSignal('')
  const [steps, setSteps] = createSignal<Step[]>([])
  const [at, setAt] = createSignal(0)
  const uses = readUses()
  let input: HTMLInputElement | undefined

  const step = () => steps().at(-1)
  const reader = () => ({ pathname: location.pathname, go: (href: string) => navigate(href) })
  const all = createMemo(() => step()?.commands() ?? [...addedCommands(), ...builtIn(reader())])
  const searched = createSearch(() => (step() ? '' : typed()))
  const sections = createMemo((): Section[] => {
    const found = step() ? flat(find(all(), typed(), {})) : find(all(), typed(), uses)
    const messages = searched()
    const more: Command = {
      id: 'search',
      group: 'message',
      icon: 'i-lucide-search',
      label: t('palette.searchAll', { text: typed().trim() }),
      href: `/search?q=${encodeURIComponent(typed().trim())}`,
    }
    return typed().trim() && !step() ? [...found, { group: 'message', commands: [...messages, more] }] : found
  })
  const list = createMemo(() => sections().flatMap(({ commands }) => commands))
  createEffect(on([typed, step], () => setAt(0)))
  createEffect(on(list, (list) => setAt((at) => Math.max(0, Math.min(at, list.length - 1)))))

  const enter = (command: Command, { label, steps: further }: Command) => {
    keepUse(command.id)
    setSteps((all) => [...all, { title: label, commands: further ?? (() => []) }])
    setTyped('')
    input?.focus()
  }
  const choose = (command: Command | undefined, further = false) => {
    if (!command) return
    if (command.steps && (further || (!command.href && !command.run))) return enter(command, command)
    if (further) return
    if (command.id !== 'search') keepUse(command.id)
    props.onClose()
    // Once the palette is gone: what runs may open a window of its own.
    queueMicrotask(() => (command.run ? command.run() : command.href && navigate(command.href)))
  }
  const back = () => setSteps((all) => all.slice(0, -1))
  const move = (to: number) => {
    const last = list().length - 1
    setAt(to > last ? 0 : to < 0 ? last : to)
    document.getElementById(`${id}-${at()}`)?.scrollIntoView({ block: 'nearest' })
  }
  const keydown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const current = list()[at()]
    if (event.key === 'ArrowDown' || (event.ctrlKey && event.key === 'n')) move(at() + 1)
    else if (event.key === 'ArrowUp' || (event.ctrlKey && event.key === 'p')) move(at() - 1)
    else if (event.key === 'Enter') choose(current)
    else if (event.key === 'Tab' && !event.shiftKey && current?.steps) choose(current, true)
    else if (event.key === 'Backspace' && !typed() && step()) back()
    else return
    event.preventDefault()
  }
  return (
    <Dialog open onClose={() => (step() ? back() : props.onClose())} title={t('switcher.title')} wide>
      <div class="col gap-2 -mx-2">
        <div class="row gap-2 h-11 px-3 rounded-lg border border-edge bg-surface focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/20">
          <Show when={step()} fallback={<Icon name="i-lucide-search" class="text-soft" />}>
            {(step) => (
              <button
                type="button"
                onClick={back}
                aria-label={t('palette.back')}
                class="row gap-1 rounded-md bg-accent-soft text-accent-text text-[13px] font-550 px-2 h-7 max-w-40"
              >
                <Icon name="i-lucide-chevron-left" />
                <span class="truncate">{step().title}</span>
              </button>
            )}
          </Show>
          <input
            ref={(element) => {
              input = element
              queueMicrotask(() => element.focus())
            }}
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-autocomplete="list"
            aria-controls={`${id}-list`}
            aria-activedescendant={list().length > 0 ? `${id}-${at()}` : undefined}
            aria-label={t('switcher.placeholder')}
            placeholder={step() ? t('palette.choose') : t('switcher.placeholder')}
            value={typed()}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={keydown}
            class="flex-1 min-w-0 h-full bg-transparent text-[15px] outline-none!"
          />
        </div>
        <div
          id={`${id}-list`}
          role="listbox"
          aria-label={t('switcher.results')}
          class="h-[min(50dvh,26rem)] overflow-y-auto overscroll-contain"
        >
          <For each={sections()} fallback={<p class="px-3 py-8 text-center text-soft">{t('switcher.nothing')}</p>}>
            {(section) => (
              <div role="group" aria-label={t(`palette.group.${section.group}`)}>
                <p class="px-3 pt-2 pb-1 text-[12px] font-600 text-soft" aria-hidden="true">
                  {step() ? '' : t(`palette.group.${section.group}`)}
                </p>
                <For each={section.commands}>
                  {(command) => {
                    const index = () => list().indexOf(command)
                    return (
                      <Row
                        id={`${id}-${index()}`}
                        command={command}
                        selected={index() === at()}
                        onPoint={() => setAt(index())}
                        onChoose={() => choose(command)}
                        onSteps={() => choose(command, true)}
                      />
                    )
                  }}
                </For>
              </div>
            )}
          </For>
        </div>
        <p class="row flex-wrap gap-x-4 gap-y-1 px-3 text-[12px] text-soft max-sm:hidden" aria-hidden="true">
          <span class="row gap-1.5">
            <Keys small keys="ArrowUp ArrowDown" /> {t('palette.move')}
          </span>
          <span class="row gap-1.5">
            <Keys small keys="Enter" /> {t('palette.do')}
          </span>
          <span class="row gap-1.5">
            <Keys small keys="Tab" /> {t('palette.further')}
          </span>
        </p>
      </div>
    </Dialog>
  )
}

/** The choices of one step are one list, in their order. */
const flat = (sections: Section[]): Section[] => {
  const commands = sections.flatMap((section) => section.commands)
  return commands.length > 0 ? [{ group: commands[0]?.group ?? 'here', commands }] : []
}

function Row(props: {
  id: string
  command: Command
  selected: boolean
  onPoint: () => void
  onChoose: () => void
  onSteps: () => void
}) {
  return (
    <div
      id={props.id}
      role="option"
      aria-selected={props.selected}
      onMouseMove={() => props.onPoint()}
      onClick={() => props.onChoose()}
      class={cx('row gap-3 px-3 py-2 rounded-lg cursor-pointer', props.selected && 'bg-accent-soft')}
    >
      <Icon name={props.command.icon} class="text-soft text-[16px]" />
      <span class="flex-1 min-w-0 truncate">{props.command.label}</span>
      <Show when={props.command.hint}>
        <span class="text-[12px] text-soft shrink-0 truncate max-w-2/5">{props.command.hint}</span>
      </Show>
      <Show when={props.command.keys}>{(keys) => <Keys small keys={keys()} />}</Show>
      <Show when={props.command.steps}>
        <span
          onClick={(event) => {
            event.stopPropagation()
            props.onSteps()
          }}
          class="inline-flex size-6 -mr-1 items-center justify-center rounded-md hover:bg-hover text-soft"
        >
          <Icon name="i-lucide-chevron-right" />
        </span>
      </Show>
    </div>
  )
}
