import { createEffect, createSignal, on, Show } from 'solid-js'
import { unwrap } from 'solid-js/store'
import type { Task } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Prose } from '../messages/body'
import { canWrite } from '../store/session'
import { Button } from '../ui/button'
import { TextArea } from '../ui/field'
import { Notice } from '../ui/notice'
import { refuse } from './refused'
import { patchTask, staleTask } from './store'

const grow = (area: HTMLTextAreaElement | undefined) => {
  if (!area) return
  area.style.height = 'auto'
  area.style.height = `${area.scrollHeight}px`
}

/** A text of a task while it is changed: what it was when that began, and what somebody else has made of it since. */
function createEdit(task: () => Task, field: 'summary' | 'description') {
  const [base, setBase] = createSignal<Task>()
  const [text, setText] = createSignal('')
  const [busy, setBusy] = createSignal(false)
  const other = () => {
    const began = base()
    return began && task()[field] !== began[field] ? task()[field] : undefined
  }
  const begin = () => {
    setBase(structuredClone(unwrap(task())))
    setText(task()[field])
  }
  const save = async (): Promise<boolean> => {
    const began = base()
    if (!began || busy()) return false
    const value = field === 'summary' ? text().trim().replace(/\s+/g, ' ') : text()
    if (value === began[field] || (field === 'summary' && !value)) {
      setBase(undefined)
      return true
    }
    setBusy(true)
    try {
      await patchTask(task(), { [field]: value }, began)
      setBase(undefined)
      return true
    } catch (error) {
      // What they wrote is shown beside; everything else is said in the corner.
      if (!staleTask(error)) refuse(error, began)
      return false
    } finally {
      setBusy(false)
    }
  }
  return {
    editing: () => base() !== undefined,
    text,
    setText,
    busy,
    other,
    begin,
    save,
    cancel: () => setBase(undefined),
    /** Goes on from what it is now: saving then means to write over it. */
    keepMine: () => setBase(structuredClone(unwrap(task()))),
  }
}

type Edit = ReturnType<typeof createEdit>

const Changed = (props: { edit: Edit; text: string }) => (
  <Notice tone="warn" title={t('task.changedByOther')}>
    <div class="col gap-2 pt-1">
      <pre class="whitespace-pre-wrap font-sans text-[13px] max-h-40 overflow-y-auto [overflow-wrap:anywhere]">
        {props.text}
      </pre>
      <div class="row gap-2">
        <Button
          size="sm"
          onClick={() => {
            props.edit.keepMine()
            void props.edit.save()
          }}
        >
          {t('task.keepMine')}
        </Button>
        <Button size="sm" kind="ghost" onClick={() => props.edit.cancel()}>
          {t('task.takeTheirs')}
        </Button>
      </div>
    </div>
  </Notice>
)

/** The title, which is changed where it stands. */
export function Title(props: { task: Task }) {
  const edit = createEdit(() => props.task, 'summary')
  let area: HTMLTextAreaElement | undefined
  const text = () => (edit.editing() ? edit.text() : props.task.summary)
  createEffect(on(text, () => grow(area)))
  return (
    <div class="col gap-2">
      <h1 class="sr-only">{props.task.summary}</h1>
      <textarea
        ref={(element) => {
          area = element
          requestAnimationFrame(() => grow(element))
        }}
        rows={1}
        aria-label={t('task.title')}
        readonly={!canWrite()}
        maxLength={300}
        value={text()}
        onFocus={() => canWrite() && !edit.editing() && edit.begin()}
        onInput={(event) => edit.setText(event.currentTarget.value)}
        onBlur={() => void (edit.other() === undefined && edit.save())}
        onKeyDown={(event) => {
          if (event.isComposing) return
          if (event.key === 'Enter') {
            event.preventDefault()
            event.currentTarget.blur()
          } else if (event.key === 'Escape') {
            event.preventDefault()
            event.stopPropagation()
            edit.cancel()
            event.currentTarget.blur()
          }
        }}
        class="w-full resize-none bg-transparent text-[20px] leading-tight font-650 rounded-lg px-2 py-1 -mx-2 hover:bg-sunken focus:bg-surface outline-none! border border-transparent focus:border-accent [overflow-wrap:anywhere]"
      />
      <Show when={edit.other()}>{(theirs) => <Changed edit={edit} text={theirs()} />}</Show>
    </div>
  )
}

/** The description as it reads, or as it is written. */
export function Description(props: { task: Task }) {
  const edit = createEdit(() => props.task, 'description')
  return (
    <section aria-label={t('task.description')} class="col gap-2">
      <Show
        when={edit.editing()}
        fallback={
          <>
            <Show
              when={props.task.description.trim()}
              fallback={<p class="text-[13.5px] text-soft">{t('task.noDescription')}</p>}
            >
              <Prose text={props.task.description} />
            </Show>
            <Show when={canWrite()}>
              <Button
                size="sm"
                kind="ghost"
                icon="i-lucide-pencil"
                class="self-start -ml-2"
                onClick={() => edit.begin()}
              >
                {props.task.description.trim() ? t('task.editDescription') : t('task.addDescription')}
              </Button>
            </Show>
          </>
        }
      >
        <TextArea
          ref={(area) => queueMicrotask(() => area.focus())}
          label={t('task.description')}
          hint={t('task.markdown')}
          rows={8}
          maxLength={40_000}
          value={edit.text()}
          onInput={edit.setText}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void edit.save()
            if (event.key === 'Escape') {
              event.stopPropagation()
              event.preventDefault()
              edit.cancel()
            }
          }}
        />
        <Show when={edit.other() !== undefined && edit.other()}>
          {(theirs) => <Changed edit={edit} text={theirs()} />}
        </Show>
        <div class="row gap-2">
          <Button size="sm" kind="primary" busy={edit.busy()} onClick={() => void edit.save()}>
            {t('common.save')}
          </Button>
          <Button size="sm" kind="ghost" onClick={() => edit.cancel()}>
            {t('common.cancel')}
          </Button>
        </div>
      </Show>
    </section>
  )
}
