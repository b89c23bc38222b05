import { createSignal, Show } from 'solid-js'
import type { TaskView } from '@shared/contract'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { canWrite, isAdmin } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { Menu, type MenuItem } from '../ui/menu'
import { ErrorNotice } from '../ui/notice'
import { Switch } from '../ui/select'
import { type Look, lookQuery, parseLook } from './filter'
import { tasks, views } from './store'

/** The address of a look without its channel, which a view keeps apart: it decides who sees the view. */
function queryOf(look: Look): string {
  const query = lookQuery(look)
  query.delete('channel')
  return query.toString()
}

function lookOf(view: TaskView): Look {
  const query = new URLSearchParams(view.query)
  if (view.target) query.set('channel', view.target)
  return parseLook(query)
}

const byName = (a: TaskView, b: TaskView) => a.name.localeCompare(b.name)
const same = (view: TaskView, look: Look) => lookQuery(lookOf(view)).toString() === lookQuery(look).toString()

/** Views by name: to go to, to keep, to change. */
export function Views(props: { look: Look; onLook: (look: Look) => void }) {
  const [dialog, setDialog] = createSignal<'new' | TaskView>()
  createLoad(
    () => tasks.era() + 1,
    async () => views.put(...(await call('GET /api/task-views')).items),
  )
  const seen = () =>
    Object.values(views.items)
      .filter((view) => view.target === null || state.channels[view.target] !== undefined)
      .sort(byName)
  const here = () => seen().find((view) => same(view, props.look))
  const isOwn = (view: TaskView) => view.createdBy.id === state.me?.id
  const remove = async (view: TaskView) => {
    const question = { title: t('task.view.removeTitle', { name: view.name }), body: t('task.view.removeText') }
    if (!(await confirm({ ...question, action: t('task.view.remove'), danger: true }))) return
    await act(async () => {
      await call('DELETE /api/task-views/{id}', { params: { id: view.id } })
      views.remove(view.id)
    })
  }
  const items = (): MenuItem[] => {
    const view = here()
    return [
      ...seen().map((view) => ({
        label: view.name,
        icon: view.shared ? 'i-lucide-users' : 'i-lucide-user',
        hint: view === here() ? '✓' : undefined,
        onSelect: () => props.onLook(lookOf(view)),
      })),
      ...(canWrite()
        ? [{ label: t('task.view.save'), icon: 'i-lucide-bookmark-plus', onSelect: () => setDialog('new') }]
        : []),
      ...(view && isOwn(view)
        ? [{ label: t('task.view.edit'), icon: 'i-lucide-pencil', onSelect: () => setDialog(view) }]
        : []),
      ...(view && (isOwn(view) || (view.shared && isAdmin()))
        ? [{ label: t('task.view.remove'), icon: 'i-lucide-trash-2', danger: true, onSelect: () => void remove(view) }]
        : []),
    ]
  }
  return (
    <>
      <Menu
        label={t('task.views')}
        items={items()}
        placement="bottom-start"
        trigger={(trigger) => (
          <Button size="sm" icon="i-lucide-bookmark" class="max-md:h-10" {...trigger}>
            <span class="truncate max-w-40">{here()?.name ?? t('task.views')}</span>
          </Button>
        )}
      />
      <Show when={dialog()} keyed>
        {(about) => (
          <SaveView view={about === 'new' ? undefined : about} look={props.look} onClose={() => setDialog(undefined)} />
        )}
      </Show>
    </>
  )
}

function SaveView(props: { view: TaskView | undefined; look: Look; onClose: () => void }) {
  const [name, setName] = createSignal(props.view?.name ?? '')
  const [shared, setShared] = createSignal(props.view?.shared ?? false)
  const request = createRequest()
  const save = async () => {
    const body = {
      name: name().trim(),
      shared: shared(),
      target: props.look.target ?? null,
      query: queryOf(props.look),
    }
    const done = await request.run(async () =>
      views.put(
        props.view
          ? await call('PATCH /api/task-views/{id}', { params: { id: props.view.id }, body })
          : await call('POST /api/task-views', { body }),
      ),
    )
    if (done) props.onClose()
  }
  return (
    <Dialog
      open
      onClose={() => props.onClose()}
      title={props.view ? t('task.view.edit') : t('task.view.save')}
      footer={
        <>
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button kind="primary" busy={request.busy()} disabled={!name().trim()} onClick={() => void save()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        class="col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (name().trim()) void save()
        }}
      >
        <TextField
          ref={(input) => queueMicrotask(() => input.focus())}
          label={t('task.view.name')}
          maxLength={80}
          value={name()}
          error={request.wrong('name')}
          onInput={setName}
        />
        <Switch
          label={t('task.view.shared')}
          hint={props.look.target ? t('task.view.sharedChannel') : t('task.view.sharedHint')}
          checked={shared()}
          onChange={setShared}
        />
        <ErrorNotice error={request.error()} />
      </form>
    </Dialog>
  )
}
