import { createMemo, createSignal, Show } from 'solid-js'
import type { Reminder } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { lastTarget } from '../app/paths'
import { channels, channelTitle, dms } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/reminders'
import { me } from '../store/session'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { ScheduleField } from './schedule'
import { reminders } from './store'
import { asked, ownZone, whenOf, type When } from './when'

interface FormProps {
  /** The one to change; absent for a new one. */
  reminder?: Reminder | undefined
  onClose: () => void
}

/** The window that sets a reminder or changes one. */
export const ReminderDialog = (props: FormProps) => (
  <Dialog open onClose={props.onClose} title={props.reminder ? t('reminder.edit') : t('reminder.create')} wide>
    <Form {...props} />
  </Dialog>
)

function Form(props: FormProps) {
  const given = props.reminder
  const [title, setTitle] = createSignal(given?.title ?? '')
  const [prompt, setPrompt] = createSignal(given?.prompt ?? '')
  const [when, setWhen] = createSignal<When>(
    given ? whenOf(given) : { schedule: '', scheduleKind: 'natural', timezone: ownZone() },
  )
  const places = createMemo(() => [...channels(), ...dms()])
  const begin = () =>
    [lastTarget(), '#general'].flatMap((wanted) => places().filter(({ target }) => target === wanted))[0] ?? places()[0]
  const [target, setTarget] = createSignal(given?.target ?? begin()?.target ?? '')
  const [whom, setWhom] = createSignal(`human:${me().id}`)
  const [missed, setMissed] = createSignal<Reminder['missed']>(given?.missed ?? 'fire')
  const request = createRequest()
  const people = createMemo(() => [
    { value: `human:${me().id}`, label: t('reminder.me') },
    { value: '', label: t('reminder.everybody') },
    ...Object.values(state.agents).map(({ id, displayName }) => ({ value: `agent:${id}`, label: displayName })),
    ...Object.values(state.users)
      .filter(({ id }) => id !== me().id)
      .map(({ id, displayName }) => ({ value: `human:${id}`, label: displayName })),
  ])

  const body = () => ({ title: title().trim(), prompt: prompt().trim(), missed: missed() })
  const create = async () => {
    const [kind, memberId] = whom().split(':')
    const to = memberId ? { kind: kind === 'agent' ? ('agent' as const) : ('human' as const), memberId } : null
    const made = await call('POST /api/reminders', { body: { ...body(), ...asked(when()), target: target(), for: to } })
    reminders.put(made)
    toast('ok', t('reminder.created'))
  }
  const change = async (reminder: Reminder) => {
    const before = asked(whenOf(reminder))
    const next = asked(when())
    const moved = JSON.stringify(before) !== JSON.stringify(next)
    const changed = await call('PATCH /api/reminders/{id}', {
      params: { id: reminder.id },
      body: { ...body(), ...(moved ? next : {}), expectedVersion: reminder.version },
    })
    reminders.put(changed)
    toast('ok', t('reminder.changed'))
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (await request.run(() => (given ? change(given) : create()))) props.onClose()
  }
  return (
    <form class="col gap-4" onSubmit={(event) => void submit(event)}>
      <TextField
        label={t('reminder.what')}
        value={title()}
        onInput={setTitle}
        required
        maxLength={200}
        autofocus
        error={request.wrong('title')}
      />
      <ScheduleField value={when()} onChange={setWhen} error={request.wrong('schedule', 'schedule_invalid')} />
      <Show when={!given}>
        <div class="grid sm:grid-cols-2 gap-3">
          <Select label={t('reminder.for')} value={whom()} options={people()} onChange={setWhom} />
          <Select
            label={t('reminder.where')}
            value={target()}
            options={places().map((channel) => ({
              value: channel.target,
              label: channel.kind === 'dm' ? channelTitle(channel) : channel.target,
            }))}
            onChange={setTarget}
          />
        </div>
      </Show>
      <TextArea
        label={t('reminder.prompt')}
        hint={t('reminder.promptHint')}
        value={prompt()}
        onInput={setPrompt}
        rows={3}
        maxLength={8000}
      />
      <Select
        label={t('reminder.missed')}
        value={missed()}
        options={[
          { value: 'fire', label: t('reminder.missed.fire') },
          { value: 'skip', label: t('reminder.missed.skip') },
        ]}
        onChange={setMissed}
      />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
        <Button kind="primary" type="submit" busy={request.busy()} disabled={!asked(when())}>
          {given ? t('common.save') : t('reminder.set')}
        </Button>
      </div>
    </form>
  )
}
