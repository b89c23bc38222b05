import { createMemo, createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { EndpointProvider, InteractionEndpoint } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { Select, Switch } from '../ui/select'
import { toast } from '../ui/toast'
import { Fields } from './fields'
import { changedConfig, fieldsOf, newConfig, split, valuesOf } from './form'
import { endpoints } from './store'

/** What was made and is shown this once. */
export interface Made {
  endpoint: InteractionEndpoint
  secret?: string | undefined
}

interface EditProps {
  providers: EndpointProvider[]
  /** The one to change; a new one without. */
  endpoint?: InteractionEndpoint | undefined
  onClose: (made?: Made) => void
}

/** Connects a service, or changes how it is connected. */
export default function EditEndpoint(props: EditProps) {
  const known = () => props.providers.find(({ provider }) => provider === props.endpoint?.provider)
  const [chosen, setChosen] = createSignal<EndpointProvider>()
  const provider = () => known() ?? chosen()
  const title = () => (props.endpoint ? t('endpoint.editOf', { name: props.endpoint.displayName }) : t('endpoint.add'))
  return (
    <Dialog open wide onClose={() => props.onClose()} title={title()} subtitle={provider()?.description}>
      <Show when={provider()} fallback={<Choose providers={props.providers} onChoose={setChosen} />} keyed>
        {(provider) => <Form provider={provider} endpoint={props.endpoint} onClose={props.onClose} />}
      </Show>
    </Dialog>
  )
}

/** Those that can do something first. */
function Choose(props: { providers: EndpointProvider[]; onChoose: (provider: EndpointProvider) => void }) {
  const sorted = createMemo(() =>
    [...props.providers].sort((a, b) => Number(b.outbound || b.inbound) - Number(a.outbound || a.inbound)),
  )
  return (
    <div class="col gap-2">
      <p class="text-soft text-[13.5px]">{t('endpoint.choose')}</p>
      <ul class="grid sm:grid-cols-2 gap-2">
        <For each={sorted()}>
          {(provider) => (
            <li>
              <button
                type="button"
                disabled={!provider.outbound && !provider.inbound}
                onClick={() => props.onChoose(provider)}
                class="row items-start gap-2.5 w-full h-full text-left rounded-lg border border-line bg-surface p-3 hover:border-edge disabled:opacity-55"
              >
                <Icon
                  name={provider.kind === 'im' ? 'i-lucide-message-circle' : 'i-lucide-webhook'}
                  class="text-soft mt-0.5"
                />
                <span class="col min-w-0">
                  <span class="font-600 text-[13.5px]">{provider.displayName}</span>
                  <span class="text-[12.5px] text-soft">
                    {provider.outbound || provider.inbound ? provider.description : t('endpoint.cannotYet')}
                  </span>
                </span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </div>
  )
}

function Form(props: {
  provider: EndpointProvider
  endpoint: InteractionEndpoint | undefined
  onClose: (made?: Made) => void
}) {
  const { provider, endpoint } = props
  const config = endpoint?.config ?? null
  const fields = fieldsOf(provider.configSchema)
  const [values, setValues] = createStore(valuesOf(fields, config))
  const [name, setName] = createSignal(endpoint?.displayName ?? provider.displayName)
  const [target, setTarget] = createSignal(endpoint?.target ?? '')
  const [out, setOut] = createSignal(endpoint?.outboundEnabled ?? provider.outbound)
  const [inward, setInward] = createSignal(endpoint?.inboundEnabled ?? false)
  const modes = provider.authModes.filter((mode) => mode !== 'none')
  const [auth, setAuth] = createSignal(endpoint?.authMode ?? modes[0] ?? 'none')
  const request = createRequest()
  const common = () => ({
    displayName: name().trim(),
    outboundEnabled: out(),
    inboundEnabled: inward(),
    ...(inward() ? { authMode: auth() } : {}),
  })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      if (endpoint) {
        const body = { ...common(), target: target() || null, config: changedConfig(fields, values, config) }
        endpoints.put(await call('PATCH /api/interaction-endpoints/{id}', { params: { id: endpoint.id }, body }))
        toast('ok', t('endpoint.saved'))
        return props.onClose()
      }
      const { secret, ...made } = await call('POST /api/interaction-endpoints', {
        body: {
          ...common(),
          provider: provider.provider,
          ...(target() ? { target: target() } : {}),
          config: newConfig(fields, values),
        },
      })
      endpoints.put(made)
      props.onClose({ endpoint: made, secret })
    })
  }
  const { shown, folded } = split(fields)
  const list = (some: typeof fields) => (
    <Fields
      fields={some}
      values={values}
      config={config}
      wrong={(field) => request.wrong(field)}
      onChange={(field, value) => setValues(field, value)}
    />
  )
  return (
    <form class="col gap-4" onSubmit={submit}>
      <TextField
        label={t('endpoint.name')}
        hint={t('endpoint.nameHint')}
        value={name()}
        onInput={setName}
        required
        maxlength={80}
        autocomplete="off"
        error={request.wrong('displayName')}
        ref={(input) => queueMicrotask(() => input.focus())}
      />
      {list(shown)}
      <Show when={folded.length > 0}>
        <details class="rounded-lg border border-line px-3 py-2">
          <summary class="cursor-pointer text-[13.5px] font-550 rounded">{t('endpoint.optional')}</summary>
          <div class="col gap-4 pt-3">{list(folded)}</div>
        </details>
      </Show>
      <Show when={provider.outbound}>
        <Switch label={t('endpoint.out')} hint={t('endpoint.outHint')} checked={out()} onChange={setOut} />
      </Show>
      <Show when={provider.inbound}>
        <Switch label={t('endpoint.in')} hint={t('endpoint.inHint')} checked={inward()} onChange={setInward} />
        <Show when={inward()}>
          <div class="grid sm:grid-cols-2 gap-4">
            <Select
              label={t('endpoint.target')}
              value={target()}
              options={[
                { value: '', label: t('endpoint.noTarget') },
                ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
              ]}
              onChange={setTarget}
            />
            <Select
              label={t('endpoint.auth')}
              value={auth()}
              options={modes.map((value) => ({ value, label: t(`endpoint.auth.${value}`) }))}
              onChange={setAuth}
            />
          </div>
        </Show>
      </Show>
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={() => props.onClose()}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {endpoint ? t('endpoint.save') : t('endpoint.create')}
        </Button>
      </div>
    </form>
  )
}
