import { createEffect, createSignal, For, on, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Agent, MemoryRecord, MemoryScope } from '@shared/contract'
import '../i18n/en/agentpage'
import { ApiError, call } from '../api/client'
import { act, createRequest } from '../app/act'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { canWrite } from '../store/session'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { confirm } from '../ui/confirm'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { memories } from './store'

const scopes = ['global', 'user', 'runtime', 'endpoint'] as const
type OwnScope = (typeof scopes)[number]

interface EditorProps {
  agent: Agent
  /** None for a new one. */
  note: MemoryRecord | undefined
  onSaved: (note: MemoryRecord) => void
  onGone: () => void
}

const draftOf = (note: MemoryRecord | undefined) => ({
  path: note?.path ?? '',
  title: note?.title ?? '',
  content: note?.content ?? '',
  tags: note?.tags.join(', ') ?? '',
  scope: 'global' as OwnScope,
})

const tagsOf = (text: string): string[] => [...new Set(text.split(',').map((tag) => tag.trim()))].filter(Boolean)

/** One note to read and write. What somebody else has written meanwhile is never lost: both versions are shown, and the writer chooses. */
export function NoteEditor(props: EditorProps) {
  const [draft, update] = createStore(draftOf(props.note))
  /** The version that what is in the fields was made from. */
  const [base, setBase] = createSignal(props.note?.version ?? 0)
  const [theirs, setTheirs] = createSignal<MemoryRecord>()
  const request = createRequest()
  const dirty = () => {
    const note = props.note
    const { path, title, content, tags } = draftOf(note)
    return draft.path !== path || draft.title !== title || draft.content !== content || draft.tags !== tags
  }
  const take = (note: MemoryRecord) => {
    update(draftOf(note))
    setBase(note.version)
    setTheirs(undefined)
  }
  // Somebody else writes while nothing was typed here: their words are shown. While something was, they are told of.
  createEffect(
    on(
      () => props.note?.version,
      (version) => {
        const note = props.note
        if (!note || version === undefined || version <= base()) return
        if (touched()) setTheirs(note)
        else take(note)
      },
      { defer: true },
    ),
  )
  const [touched, setTouched] = createSignal(false)
  const set = (change: Partial<typeof draft>) => {
    setTouched(true)
    update(change)
  }
  const save = (expectedVersion: number) =>
    request.run(async () => {
      try {
        const note = await call('PUT /api/agents/{id}/memory', {
          params: { id: props.agent.id },
          body: {
            path: draft.path.trim(),
            title: draft.title.trim(),
            content: draft.content,
            tags: tagsOf(draft.tags),
            scope: props.note?.scope ?? draft.scope,
            ...(props.note?.target ? { target: props.note.target } : {}),
            ...(props.note ? { format: props.note.format, sourceMessageIds: [...props.note.sourceMessageIds] } : {}),
            expectedVersion,
          },
        })
        memories.put(note)
        setTouched(false)
        take(note)
        toast('ok', t('memory.saved'))
        props.onSaved(note)
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'version_conflict') throw error
        setTheirs(await current(props.agent.id, draft.path.trim(), props.note?.scope ?? draft.scope))
      }
    })
  return (
    <Card
      title={props.note ? props.note.path : t('memory.new')}
      hint={props.note && t('memory.version', { n: props.note.version, when: relative(props.note.updatedAt) })}
      actions={
        <Show when={props.note && canWrite()}>
          <Button
            size="sm"
            kind="danger"
            icon="i-lucide-trash-2"
            onClick={() => props.note && void remove(props.note, props.onGone)}
          >
            {t('memory.remove')}
          </Button>
        </Show>
      }
    >
      <Show when={!props.note?.localOnly} fallback={<Notice tone="info">{t('memory.local')}</Notice>}>
        <form
          class="col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            void save(base())
          }}
        >
          <fieldset disabled={!canWrite()} class="col gap-4">
            <Show when={!props.note}>
              <TextField
                label={t('memory.path')}
                hint={t('memory.pathHint')}
                value={draft.path}
                required
                mono
                maxlength={200}
                error={request.wrong('path')}
                onInput={(path) => set({ path })}
              />
              <Select
                label={t('memory.scope')}
                value={draft.scope}
                options={scopes.map((value) => ({ value, label: t(`memory.${value}`) }))}
                onChange={(scope) => set({ scope })}
              />
            </Show>
            <Show when={props.note}>
              {(note) => (
                <p class="row flex-wrap gap-1.5">
                  <Badge>{t(`memory.${note().scope}`)}</Badge>
                  <Show when={note().target}>{(target) => <Badge tone="info">{target()}</Badge>}</Show>
                  <For each={note().tags}>{(tag) => <Badge>{tag}</Badge>}</For>
                </p>
              )}
            </Show>
            <TextField
              label={t('memory.title')}
              value={draft.title}
              maxlength={200}
              error={request.wrong('title')}
              onInput={(title) => set({ title })}
            />
            <TextArea
              label={t('memory.content')}
              rows={12}
              mono
              value={draft.content}
              maxlength={64_000}
              error={request.wrong('content')}
              onInput={(content) => set({ content })}
            />
            <TextField
              label={t('memory.tags')}
              hint={t('memory.tagsHint')}
              value={draft.tags}
              error={request.wrong('tags')}
              onInput={(tags) => set({ tags })}
            />
          </fieldset>
          <Show when={theirs()}>
            {(note) => (
              <Conflict
                theirs={note()}
                yours={draft.content}
                onMine={() => void save(note().version)}
                onTheirs={() => {
                  setTouched(false)
                  memories.put(note())
                  take(note())
                }}
              />
            )}
          </Show>
          <ErrorNotice error={request.error()} />
          <Show when={canWrite() && !theirs()}>
            <Button type="submit" kind="primary" class="self-start" busy={request.busy()} disabled={!dirty()}>
              {t('common.save')}
            </Button>
          </Show>
        </form>
      </Show>
    </Card>
  )
}

/** The note at a path as the server has it now. */
async function current(agentId: string, path: string, scope: MemoryScope): Promise<MemoryRecord | undefined> {
  const { items } = await call('GET /api/agents/{id}/memory', {
    params: { id: agentId },
    query: { path, scope, limit: 1 },
  })
  return items[0]
}

async function remove(note: MemoryRecord, onGone: () => void): Promise<void> {
  const question = {
    title: t('memory.removeTitle', { name: note.path }),
    body: t('memory.removeText'),
    action: t('memory.remove'),
    danger: true,
  }
  if (!(await confirm(question))) return
  const { id, version } = note
  const done = await act(() => call('DELETE /api/memory/{id}', { params: { id }, query: { version } }))
  if (!done) return
  onGone()
  memories.remove(id)
}

interface ConflictProps {
  theirs: MemoryRecord
  yours: string
  onMine: () => void
  onTheirs: () => void
}

/** Two versions beside each other, and which of them is to stay. */
const Conflict = (props: ConflictProps) => (
  <section
    role="alert"
    aria-label={t('memory.conflict')}
    class="rounded-xl border border-warn/45 bg-warn-soft p-3.5 col gap-3"
  >
    <div>
      <p class="font-600 text-warn text-[13.5px]">{t('memory.conflict')}</p>
      <p class="text-[13px]">{t('memory.conflictText')}</p>
    </div>
    <div class="grid sm:grid-cols-2 gap-3">
      <Version title={t('memory.theirs', { n: props.theirs.version })} text={props.theirs.content} />
      <Version title={t('memory.yours')} text={props.yours} />
    </div>
    <div class="row flex-wrap gap-2">
      <Button size="sm" kind="primary" onClick={() => props.onMine()}>
        {t('memory.saveMine')}
      </Button>
      <Button size="sm" onClick={() => props.onTheirs()}>
        {t('memory.takeTheirs')}
      </Button>
    </div>
  </section>
)

const Version = (props: { title: string; text: string }) => (
  <figure class="min-w-0">
    <figcaption class="text-[12px] font-600 text-soft mb-1">{props.title}</figcaption>
    <pre
      tabindex="0"
      class="rounded-lg border border-line bg-surface px-3 py-2 text-[12.5px] whitespace-pre-wrap break-words max-h-60 overflow-auto"
    >
      {props.text}
    </pre>
  </figure>
)
