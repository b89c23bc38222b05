import { createSignal, For, Show } from 'solid-js'
import type { ApiToken } from '@shared/contract'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/settings'
import { relative, shortDate } from '../i18n/dates'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Command } from '../ui/code'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { Checkbox, Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'

type Scope = ApiToken['scopes'][number]
const scopes: Scope[] = ['read', 'write', 'admin']
const lifetimes = { '30': 30, '90': 90, '365': 365, never: null } as const
type Lifetime = keyof typeof lifetimes

/** Tokens for programs that act in one's own name. */
export default function Tokens() {
  const tokens = createLoad(
    () => true,
    async () => (await call('GET /api/tokens')).items,
  )
  const [creating, setCreating] = createSignal(false)
  const revoke = async (token: ApiToken) => {
    const question = {
      title: t('token.revokeTitle', { name: token.name }),
      body: t('token.revokeText'),
      action: t('token.revoke'),
      danger: true,
    }
    if (!(await confirm(question))) return
    await act(() => call('DELETE /api/tokens/{id}', { params: { id: token.id } }), t('token.revoked'))
    await tokens.reload()
  }
  return (
    <Card
      title={t('settings.tokens')}
      hint={t('token.text')}
      actions={
        <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={() => setCreating(true)}>
          {t('token.create')}
        </Button>
      }
    >
      <ErrorNotice error={tokens.error()} />
      <Show
        when={!tokens.error() && tokens.value()}
        fallback={
          <Show when={!tokens.error()}>
            <SkeletonRows count={2} avatar={false} />
          </Show>
        }
      >
        {(tokens) => (
          <ul class="col divide-y divide-line -my-2">
            <For each={tokens()} fallback={<li class="py-2 text-soft text-[13.5px]">{t('token.none')}</li>}>
              {(token) => (
                <li class="row flex-wrap gap-3 py-3">
                  <div class="flex-1 min-w-40">
                    <p class="row flex-wrap gap-2">
                      <span class="font-550">{token.name}</span>
                      <code class="text-[12px] text-faint">{token.prefix}…</code>
                      <For each={token.scopes}>{(scope) => <Badge>{t(`scope.${scope}`)}</Badge>}</For>
                    </p>
                    <p class="text-[13px] text-soft">
                      {token.lastUsedAt ? t('token.used', { when: relative(token.lastUsedAt) }) : t('token.unused')} ·{' '}
                      {token.expiresAt ? t('token.expires', { when: shortDate(token.expiresAt) }) : t('token.forever')}
                    </p>
                  </div>
                  <Button size="sm" kind="danger" onClick={() => void revoke(token)}>
                    {t('token.revoke')}
                  </Button>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
      <Dialog
        open={creating()}
        onClose={() => {
          setCreating(false)
          void tokens.reload()
        }}
        title={t('token.create')}
      >
        <Form
          onClose={() => {
            setCreating(false)
            void tokens.reload()
          }}
        />
      </Dialog>
    </Card>
  )
}

function Form(props: { onClose: () => void }) {
  const [name, setName] = createSignal('')
  const [chosen, setChosen] = createSignal<Scope[]>(['read', 'write'])
  const [lifetime, setLifetime] = createSignal<Lifetime>('90')
  const [token, setToken] = createSignal<string>()
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const days = lifetimes[lifetime()]
      const expiresAt = days === null ? {} : { expiresAt: Date.now() + days * 86_400_000 }
      const made = await call('POST /api/tokens', { body: { name: name(), scopes: chosen(), ...expiresAt } })
      setToken(made.token)
    })
  }
  return (
    <Show
      when={token()}
      fallback={
        <form class="col gap-4" onSubmit={submit}>
          <TextField
            label={t('token.name')}
            placeholder="CI"
            value={name()}
            onInput={setName}
            required
            maxlength={80}
            ref={(input) => queueMicrotask(() => input.focus())}
          />
          <fieldset class="col gap-2">
            <legend class="text-[13px] font-550 mb-1.5">{t('token.scopes')}</legend>
            <For each={scopes}>
              {(scope) => (
                <Checkbox
                  label={`${t(`scope.${scope}`)} – ${t(`scope.${scope}Text`)}`}
                  checked={chosen().includes(scope)}
                  onChange={(on) => setChosen((all) => (on ? [...all, scope] : all.filter((other) => other !== scope)))}
                />
              )}
            </For>
          </fieldset>
          <Select<Lifetime>
            label={t('token.lifetime')}
            value={lifetime()}
            options={[
              { value: '30', label: t('token.days', { n: 30 }) },
              { value: '90', label: t('token.days', { n: 90 }) },
              { value: '365', label: t('token.days', { n: 365 }) },
              { value: 'never', label: t('token.forever') },
            ]}
            onChange={setLifetime}
          />
          <ErrorNotice error={request.error()} />
          <Button type="submit" kind="primary" busy={request.busy()} disabled={chosen().length === 0}>
            {t('token.create')}
          </Button>
        </form>
      }
    >
      {(token) => (
        <div class="col gap-3">
          <Notice tone="warn" title={t('token.copyNow')}>
            {t('token.copyNowText')}
          </Notice>
          <Command text={token()} />
          <Button kind="primary" onClick={() => props.onClose()}>
            {t('common.done')}
          </Button>
        </div>
      )}
    </Show>
  )
}
