import type { Invite } from '@shared/contract'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { shortDate } from '../i18n/dates'
import { me } from '../store/session'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Command } from '../ui/code'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { Checkbox, Select } from '../ui/select'

const days = { '1': 24, '7': 168, '30': 720 } as const
type Days = keyof typeof days
type Role = Invite['role']

/** Links that let people join: making one, and those that wait. */
export function Invites() {
  const [making, setMaking] = createSignal(false)
  const invites = createLoad(
    () => true,
    async () => (await call('GET /api/invites', { query: { limit: 200 } })).items,
  )
  const waiting = createMemo(() => invites.value()?.filter((i) => i.usedAt === null && i.expiresAt > Date.now()) ?? [])
  const close = () => {
    setMaking(false)
    void invites.reload()
  }
  const revoke = async (invite: Invite) => {
    const question = {
      title: t('invite.revokeTitle'),
      body: t('invite.revokeText'),
      action: t('token.revoke'),
      danger: true,
    }
    if (!(await confirm(question))) return
    await act(() => call('DELETE /api/invites/{id}', { params: { id: invite.id } }), t('invite.revoked'))
    await invites.reload()
  }
  return (
    <Card
      title={t('invite.title')}
      hint={t('invite.text')}
      actions={
        <Button kind="primary" size="sm" icon="i-lucide-link" onClick={() => setMaking(true)}>
          {t('invite.create')}
        </Button>
      }
    >
      <ErrorNotice error={invites.error()} />
      <Show when={waiting().length > 0} fallback={<p class="text-soft text-[13.5px]">{t('invite.none')}</p>}>
        <ul class="col divide-y divide-line -my-2">
          <For each={waiting()}>
            {(invite) => (
              <li class="row gap-3 py-2.5">
                <div class="flex-1 min-w-0">
                  <p class="row gap-2 flex-wrap">
                    <span class="font-550 truncate">{invite.note || t('invite.anybody')}</span>
                    <Badge>{t(`role.${invite.role}`)}</Badge>
                    <For each={invite.channels}>{(target) => <Badge>{target}</Badge>}</For>
                  </p>
                  <p class="text-[13px] text-soft">
                    {t('invite.by', { name: state.users[invite.createdBy]?.displayName ?? '?' })} ·{' '}
                    {t('token.expires', { when: shortDate(invite.expiresAt) })}
                  </p>
                </div>
                <Button size="sm" kind="danger" onClick={() => void revoke(invite)}>
                  {t('token.revoke')}
                </Button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Dialog open={making()} onClose={close} title={t('invite.create')} subtitle={t('invite.text')}>
        <Form onClose={close} />
      </Dialog>
    </Card>
  )
}

function Form(props: { onClose: () => void }) {
  const [role, setRole] = createSignal<Role>('member')
  const [note, setNote] = createSignal('')
  const [lifetime, setLifetime] = createSignal<Days>('7')
  const [chosen, setChosen] = createSignal<string[]>([])
  const [url, setUrl] = createSignal<string>()
  const request = createRequest()
  const channels = createMemo(() =>
    Object.values(state.channels)
      .filter((c) => c.kind === 'channel' && c.target !== '#general')
      .filter((c) => c.visibility === 'public' || c.role === 'admin')
      .map((c) => c.target)
      .sort(),
  )
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = { role: role(), note: note().trim(), channels: chosen(), expiresInHours: days[lifetime()] }
      setUrl((await call('POST /api/invites', { body })).url)
    })
  }
  return (
    <Show
      when={url()}
      fallback={
        <form class="col gap-4" onSubmit={submit}>
          <TextField
            label={t('invite.note')}
            hint={t('invite.noteHint')}
            value={note()}
            onInput={setNote}
            error={request.wrong('note')}
            maxlength={200}
            autocomplete="off"
            ref={(input) => queueMicrotask(() => input.focus())}
          />
          <div class="grid sm:grid-cols-2 gap-4">
            <Select
              label={t('people.role')}
              value={role()}
              hint={t(`role.${role()}Text`)}
              options={roles().map((value) => ({ value, label: t(`role.${value}`) }))}
              onChange={setRole}
            />
            <Select<Days>
              label={t('token.lifetime')}
              value={lifetime()}
              options={(['1', '7', '30'] as const).map((value) => ({
                value,
                label: t('token.days', { n: Number(value) }),
              }))}
              onChange={setLifetime}
            />
          </div>
          <Show when={channels().length > 0}>
            <fieldset class="col gap-2 max-h-44 overflow-y-auto">
              <legend class="text-[13px] font-550 mb-1.5">{t('invite.channels')}</legend>
              <For each={channels()}>
                {(target) => (
                  <Checkbox
                    label={target}
                    checked={chosen().includes(target)}
                    onChange={(on) =>
                      setChosen((all) => (on ? [...all, target] : all.filter((other) => other !== target)))
                    }
                  />
                )}
              </For>
            </fieldset>
          </Show>
          <ErrorNotice error={request.error()} />
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('invite.create')}
          </Button>
        </form>
      }
    >
      {(made) => <OneLink url={made()} onClose={props.onClose} />}
    </Show>
  )
}

/** A link that is shown this once. */
export const OneLink = (props: { url: string; onClose: () => void }) => (
  <div class="col gap-3">
    <Notice tone="warn" title={t('token.copyNow')}>
      {t('invite.copy')}
    </Notice>
    <Command text={props.url} />
    <Button kind="primary" onClick={() => props.onClose()}>
      {t('common.done')}
    </Button>
  </div>
)

/** What the reader may give to others: only owners make owners. */
export const roles = (): Role[] =>
  me().role === 'owner' ? ['member', 'viewer', 'admin', 'owner'] : ['member', 'viewer', 'admin']
