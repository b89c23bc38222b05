import { Show } from 'solid-js'
import type { InteractionEndpoint } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { Button } from '../ui/button'
import { Command } from '../ui/code'
import { Dialog } from '../ui/dialog'
import { Notice } from '../ui/notice'

export interface Shown {
  endpoint: InteractionEndpoint
  secret?: string | undefined
  token?: string | undefined
}

/** Where programs write to an endpoint. */
export const webhookAddress = (id: string): string => `${location.origin}/api/webhooks/${id}`

/** What a program needs to reach an endpoint: a secret and a token are here this once. */
export const ShownOnce = (props: { shown: Shown; onClose: () => void }) => (
  <Dialog open onClose={() => props.onClose()} title={props.shown.endpoint.displayName} wide>
    <div class="col gap-4">
      <Show when={props.shown.endpoint.inboundEnabled}>
        <section class="col gap-1.5">
          <h3 class="text-[13px] font-550">{t('endpoint.address')}</h3>
          <Command text={webhookAddress(props.shown.endpoint.id)} />
          <p class="text-[12.5px] text-soft">{t('endpoint.addressText', { example: '{"content": "disk full"}' })}</p>
        </section>
      </Show>
      <Show when={props.shown.secret ?? props.shown.token}>
        {(value) => (
          <section class="col gap-1.5">
            <h3 class="text-[13px] font-550">{props.shown.secret ? t('endpoint.secret') : t('endpoint.token')}</h3>
            <Command text={value()} />
            <Notice tone="warn">{t('endpoint.once')}</Notice>
          </section>
        )}
      </Show>
      <Button kind="primary" class="self-end" onClick={() => props.onClose()}>
        {t('common.done')}
      </Button>
    </div>
  </Dialog>
)
