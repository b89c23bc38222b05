import { createSignal, For, Show } from 'solid-js'
import type { Api, EndpointProvider, InteractionEndpoint, Output } from '@shared/contract'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { isAdmin } from '../store/session'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { confirm } from '../ui/confirm'
import { CopyButton } from '../ui/copy'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { ErrorNotice, Notice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { webhookAddress, type Shown } from './once'
import { endpoints } from './store'

interface RowProps {
  endpoint: InteractionEndpoint
  provider: EndpointProvider | undefined
  onEdit: () => void
  /** Shows what is to be seen this once. */
  onShow: (shown: Shown) => void
}

/** One endpoint: which way it is open, and what an admin can do with it. */
export function EndpointRow(props: RowProps) {
  const [testing, setTesting] = createSignal(false)
  return (
    <li class="row flex-wrap sm:flex-nowrap items-start gap-x-3 gap-y-2 py-3">
      <span class="size-8 rounded-lg row justify-center shrink-0 bg-hover text-soft">
        <Icon name={props.endpoint.kind === 'im' ? 'i-lucide-message-circle' : 'i-lucide-webhook'} />
      </span>
      <div class="flex-1 min-w-[calc(100%-2.75rem)] sm:min-w-0 col gap-1">
        <p class="row flex-wrap gap-2">
          <span class="font-600 break-words min-w-0">{props.endpoint.displayName}</span>
          <Badge>{props.provider?.displayName ?? props.endpoint.provider}</Badge>
          <Show when={props.endpoint.outboundEnabled}>
            <Badge tone="ok" icon="i-lucide-arrow-up-right">
              {t('endpoint.out')}
            </Badge>
          </Show>
          <Show when={props.endpoint.inboundEnabled}>
            <Badge tone="info" icon="i-lucide-arrow-down-left">
              {t('endpoint.in')}
            </Badge>
          </Show>
          <Show when={props.endpoint.target}>{(target) => <Badge>{target()}</Badge>}</Show>
        </p>
        <Show when={props.endpoint.inboundEnabled && isAdmin()}>
          <p class="row gap-1 min-w-0 text-[12.5px] text-soft">
            <code class="truncate">{webhookAddress(props.endpoint.id)}</code>
            <CopyButton text={webhookAddress(props.endpoint.id)} class="size-6! [@media(pointer:coarse)]:size-10!" />
          </p>
        </Show>
      </div>
      <Show when={isAdmin()}>
        <div class="row gap-1.5 shrink-0 max-sm:ml-11 max-sm:[&_button]:h-10 max-sm:[&_a]:h-10">
          <Button size="sm" icon="i-lucide-flask-conical" onClick={() => setTesting(true)}>
            {t('endpoint.test')}
          </Button>
          <More {...props} />
        </div>
        <Show when={testing()}>
          <Dialog
            open
            onClose={() => setTesting(false)}
            title={t('endpoint.testOf', { name: props.endpoint.displayName })}
          >
            <Test id={props.endpoint.id} />
          </Dialog>
        </Show>
      </Show>
    </li>
  )
}

function More(props: RowProps) {
  const params = () => ({ params: { id: props.endpoint.id } })
  const ask = (title: string, body: string, action: string) => confirm({ title, body, action, danger: true })
  const name = () => ({ name: props.endpoint.displayName })
  const secret = async () => {
    const text = t('endpoint.newSecretText')
    if (await ask(t('endpoint.newSecretTitle', name()), text, t('endpoint.newSecret')))
      await act(async () => {
        const made = await call('POST /api/interaction-endpoints/{id}/secret', params())
        props.onShow({ endpoint: props.endpoint, ...made })
      })
  }
  const token = async () => {
    const text = t('endpoint.newTokenText')
    if (await ask(t('endpoint.newTokenTitle', name()), text, t('endpoint.newToken')))
      await act(async () => {
        const made = await call('POST /api/interaction-endpoints/{id}/token', params())
        props.onShow({ endpoint: props.endpoint, ...made })
      })
  }
  const remove = async () => {
    if (!(await ask(t('endpoint.removeTitle', name()), t('endpoint.removeText'), t('endpoint.remove')))) return
    const { id } = props.endpoint
    if (await act(() => call('DELETE /api/interaction-endpoints/{id}', { params: { id } }))) endpoints.remove(id)
  }
  const flip = (change: { outboundEnabled: boolean } | { inboundEnabled: boolean }) =>
    act(
      async () => endpoints.put(await call('PATCH /api/interaction-endpoints/{id}', { ...params(), body: change })),
      t('endpoint.saved'),
    )
  const items = (): MenuItem[] => {
    const { outboundEnabled, inboundEnabled, authMode, target } = props.endpoint
    const tick = (on: boolean) => (on ? 'i-lucide-square-check' : 'i-lucide-square')
    return [
      { label: t('endpoint.edit'), icon: 'i-lucide-settings-2', onSelect: props.onEdit },
      ...(props.provider?.outbound
        ? [
            {
              label: t('endpoint.out'),
              icon: tick(outboundEnabled),
              onSelect: () => void flip({ outboundEnabled: !outboundEnabled }),
            },
          ]
        : []),
      ...(props.provider?.inbound && (inboundEnabled || target)
        ? [
            {
              label: t('endpoint.in'),
              icon: tick(inboundEnabled),
              onSelect: () => void flip({ inboundEnabled: !inboundEnabled }),
            },
          ]
        : []),
      ...(props.endpoint.provider === 'webhook'
        ? [{ label: t('endpoint.newSecret'), icon: 'i-lucide-key-round', onSelect: () => void secret() }]
        : []),
      ...(props.provider?.inbound && authMode === 'bearer'
        ? [{ label: t('endpoint.newToken'), icon: 'i-lucide-key-round', onSelect: () => void token() }]
        : []),
      { label: t('endpoint.remove'), icon: 'i-lucide-unplug', danger: true, onSelect: () => void remove() },
    ]
  }
  return <Menu label={t('endpoint.menu', name())} items={items()} class="sm:size-7! max-sm:w-10" />
}

type Result = Output<Api['POST /api/interaction-endpoints/{id}/test']>

/** Sends a message for real and says of each check how it went. */
function Test(props: { id: string }) {
  const [result, setResult] = createSignal<Result>()
  const request = createRequest()
  const run = () =>
    request.run(async () =>
      setResult(await call('POST /api/interaction-endpoints/{id}/test', { params: { id: props.id } })),
    )
  void run()
  const checkName = (name: string) =>
    name === 'inbound' || name === 'config' || name === 'send' ? t(`endpoint.check.${name}`) : name
  return (
    <div class="col gap-3" aria-live="polite">
      <ErrorNotice error={request.error()} />
      <Show when={request.busy()}>
        <p class="text-[13.5px] text-soft">{t('endpoint.testing')}</p>
        <SkeletonRows count={2} avatar={false} />
      </Show>
      <Show when={!request.busy() && result()}>
        {(result) => (
          <>
            <Notice tone={result().ready ? 'ok' : 'warn'}>
              {result().ready ? t('endpoint.works') : t('endpoint.fails')}
            </Notice>
            <ul class="col divide-y divide-line">
              <For each={result().checks}>
                {(check) => (
                  <li class="row items-start gap-2.5 py-2 text-[13.5px]">
                    <Icon
                      name={check.ok ? 'i-lucide-circle-check text-ok' : 'i-lucide-circle-x text-bad'}
                      class="mt-0.5"
                    />
                    <span class="font-550 w-24 shrink-0">{checkName(check.name)}</span>
                    <span class="text-soft min-w-0 break-words">{check.detail}</span>
                  </li>
                )}
              </For>
            </ul>
          </>
        )}
      </Show>
      <Button class="self-end" size="sm" icon="i-lucide-rotate-cw" busy={request.busy()} onClick={() => void run()}>
        {t('common.tryAgain')}
      </Button>
    </div>
  )
}
