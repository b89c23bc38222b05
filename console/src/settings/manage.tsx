import type { User } from '@shared/contract'
import { createSignal, For, Show } from 'solid-js'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { isAdmin, me } from '../store/session'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { Menu } from '../ui/menu'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { OneLink, roles } from './invites'

/** What an admin can do about somebody. Admins leave owners to owners. */
export function PersonMenu(props: { user: User }) {
  const [changing, setChanging] = createSignal(false)
  const [url, setUrl] = createSignal<string>()
  const params = () => ({ params: { id: props.user.id } })
  const name = () => props.user.displayName
  const ask = (title: string, body: string, action: string) => confirm({ title, body, action, danger: true })
  const remove = async () => {
    const text = t('people.removeText')
    if (await ask(t('people.removeTitle', { name: name() }), text, t('people.remove')))
      await act(() => call('DELETE /api/users/{id}', params()), t('people.removed', { name: name() }))
  }
  const withoutFactor = async () => {
    if (await ask(t('people.factorTitle', { name: name() }), t('people.factorText'), t('people.factor')))
      await act(() => call('DELETE /api/users/{id}/second-factor', params()), t('people.factorDone', { name: name() }))
  }
  const reset = () => act(async () => setUrl((await call('POST /api/users/{id}/reset', params())).url))
  const logOut = () =>
    act(() => call('DELETE /api/users/{id}/sessions', params()), t('people.loggedOut', { name: name() }))
  return (
    <Show when={isAdmin() && props.user.id !== me().id && (me().role === 'owner' || props.user.role !== 'owner')}>
      <Menu
        label={t('people.manage', { name: name() })}
        items={[
          { label: t('people.changeRole'), icon: 'i-lucide-user-cog', onSelect: () => setChanging(true) },
          { label: t('people.reset'), icon: 'i-lucide-key-round', onSelect: () => void reset() },
          { label: t('people.logOut'), icon: 'i-lucide-log-out', onSelect: () => void logOut() },
          { label: t('people.factor'), icon: 'i-lucide-shield-off', onSelect: () => void withoutFactor() },
          { label: t('people.remove'), icon: 'i-lucide-user-minus', danger: true, onSelect: () => void remove() },
        ]}
      />
      <Dialog open={changing()} onClose={() => setChanging(false)} title={t('people.roleOf', { name: name() })}>
        <RoleForm user={props.user} onClose={() => setChanging(false)} />
      </Dialog>
      <Dialog open={url() !== undefined} onClose={() => setUrl(undefined)} title={t('people.reset')}>
        <OneLink url={url() ?? ''} onClose={() => setUrl(undefined)} />
      </Dialog>
    </Show>
  )
}

function RoleForm(props: { user: User; onClose: () => void }) {
  const [role, setRole] = createSignal(props.user.role)
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      await call('PATCH /api/users/{id}', { params: { id: props.user.id }, body: { role: role() } })
      props.onClose()
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <Select
        label={t('people.role')}
        value={role()}
        hint={t(`role.${role()}Text`)}
        options={roles().map((value) => ({ value, label: t(`role.${value}`) }))}
        onChange={setRole}
      />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={() => props.onClose()}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}

/** Those who were removed, to let them in again. */
export function Removed() {
  const removed = createLoad(
    () => true,
    async () => (await call('GET /api/users/removed')).items,
  )
  const restore = async (user: User) => {
    const params = { id: user.id }
    await act(() => call('POST /api/users/{id}/restore', { params }), t('people.restored', { name: user.displayName }))
    await removed.reload()
  }
  return (
    <Show when={removed.value()?.length}>
      <Card title={t('people.removedTitle')} hint={t('people.removedText')}>
        <ul class="col divide-y divide-line -my-2">
          <For each={removed.value()}>
            {(user) => (
              <li class="row gap-3 py-2.5">
                <Avatar name={user.displayName} kind="human" />
                <p class="flex-1 min-w-0 truncate">
                  {user.displayName} <span class="text-soft">@{user.username}</span>
                </p>
                <Button size="sm" onClick={() => void restore(user)}>
                  {t('people.restore')}
                </Button>
              </li>
            )}
          </For>
        </ul>
      </Card>
    </Show>
  )
}
