import { useNavigate } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { handleOf } from '../agents/kinds'
import { openDm } from '../channels/dm'
import { t } from '../i18n'
import '../i18n/en/entrance'
import '../i18n/en/settings'
import { put } from '../store/apply'
import { canWrite, isAdmin, me } from '../store/session'
import { change, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { Card } from '../ui/card'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { Invites } from './invites'
import { PersonMenu, Removed } from './manage'

/** Everybody with an account here. */
export default function People() {
  const navigate = useNavigate()
  const [adding, setAdding] = createSignal(false)
  const users = createMemo(() => Object.values(state.users).sort((a, b) => a.displayName.localeCompare(b.displayName)))
  return (
    <>
      <Card
        title={t('settings.people')}
        hint={t('people.text')}
        actions={
          <Show when={isAdmin()}>
            <Button kind="primary" size="sm" icon="i-lucide-user-plus" onClick={() => setAdding(true)}>
              {t('people.add')}
            </Button>
          </Show>
        }
      >
        <ul class="col divide-y divide-line -my-2">
          <For each={users()}>
            {(user) => (
              <li class="row gap-3 py-2.5">
                <Avatar name={user.displayName} kind="human" />
                <div class="flex-1 min-w-0">
                  <p class="font-550 truncate">{user.displayName}</p>
                  <p class="text-[13px] text-soft truncate">@{user.username}</p>
                </div>
                <Badge tone={user.role === 'member' || user.role === 'viewer' ? 'plain' : 'accent'}>
                  {t(`role.${user.role}`)}
                </Badge>
                <Show when={canWrite() && user.id !== me().id}>
                  <IconButton
                    icon="i-lucide-message-circle"
                    label={t('people.message', { name: user.displayName })}
                    onClick={() => void openDm('human', user.id, navigate)}
                  />
                </Show>
                <PersonMenu user={user} />
              </li>
            )}
          </For>
        </ul>
        <Dialog open={adding()} onClose={() => setAdding(false)} title={t('people.add')} subtitle={t('people.addText')}>
          <Form onClose={() => setAdding(false)} />
        </Dialog>
      </Card>
      <Show when={isAdmin()}>
        <Invites />
        <Removed />
      </Show>
    </>
  )
}

function Form(props: { onClose: () => void }) {
  const [displayName, setDisplayName] = createSignal('')
  const [username, setUsername] = createSignal('')
  const [password, setPassword] = createSignal('')
  const [role, setRole] = createSignal<'admin' | 'member' | 'viewer'>('member')
  const request = createRequest()
  const { wrong } = request
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const body = {
        username: username(),
        displayName: displayName().trim() || username(),
        password: password(),
        role: role(),
      }
      const user = await call('POST /api/users', { body })
      change((draft) => put(draft.users, user.id, user))
      props.onClose()
      toast('ok', t('people.added', { name: user.displayName }), t('people.addedNext'))
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <div class="grid sm:grid-cols-2 gap-4">
        <TextField
          label={t('people.name')}
          value={displayName()}
          autocomplete="off"
          error={wrong('displayName')}
          ref={(input) => queueMicrotask(() => input.focus())}
          onInput={(value) => {
            if (username() === handleOf(displayName())) setUsername(handleOf(value))
            setDisplayName(value)
          }}
        />
        <TextField
          label={t('login.username')}
          value={username()}
          autocomplete="off"
          required
          error={wrong('username', 'name_taken')}
          onInput={(value) => setUsername(value.toLowerCase())}
        />
      </div>
      <TextField
        label={t('people.password')}
        hint={t('people.passwordHint')}
        type="password"
        autocomplete="new-password"
        minlength={10}
        required
        value={password()}
        error={wrong('password')}
        onInput={setPassword}
      />
      <Select
        label={t('people.role')}
        value={role()}
        hint={t(`role.${role()}Text`)}
        options={[
          { value: 'member', label: t('role.member') },
          { value: 'admin', label: t('role.admin') },
          { value: 'viewer', label: t('role.viewer') },
        ]}
        onChange={setRole}
      />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('people.add')}
        </Button>
      </div>
    </form>
  )
}
