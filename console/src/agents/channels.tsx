import { A } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Agent, DeliveryMode } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { conversationPath } from '../app/paths'
import { channels, channelTitle } from '../app/unread'
import { canManage } from '../channels/manage'
import { t } from '../i18n'
import { put } from '../store/apply'
import { canWrite } from '../store/session'
import { change, state } from '../store/state'
import { Button, IconButton } from '../ui/button'
import { Card } from '../ui/card'
import { Icon } from '../ui/icon'
import { Select } from '../ui/select'

/** Fetches an agent again, for what its channels are. */
async function refresh(id: string): Promise<void> {
  const agent = await call('GET /api/agents/{id}', { params: { id } })
  change((draft) => put(draft.agents, id, agent))
}

/** Where an agent listens, and to what. */
export function AgentChannels(props: { agent: Agent }) {
  const mine = createMemo(() => props.agent.channels.filter((channel) => !channel.target.startsWith('dm:')))
  const others = createMemo(() => channels().filter((channel) => !mine().some((own) => own.target === channel.target)))
  const [chosen, setChosen] = createSignal('')
  const params = (target: string) => ({ target, kind: 'agent' as const, memberId: props.agent.id })
  const add = async () => {
    const target = chosen()
    const done = await act(async () => {
      const body = { kind: 'agent' as const, memberId: props.agent.id }
      await call('POST /api/channels/{target}/members', { params: { target }, body })
      await refresh(props.agent.id)
    })
    if (done) setChosen('')
  }
  const setMode = (target: string, deliveryMode: DeliveryMode) =>
    act(async () => {
      await call('PATCH /api/channels/{target}/members/{kind}/{memberId}', {
        params: params(target),
        body: { deliveryMode },
      })
      await refresh(props.agent.id)
    })
  const remove = (target: string) =>
    act(async () => {
      await call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: params(target) })
      await refresh(props.agent.id)
    })
  const managed = (target: string) => {
    const channel = state.channels[target]
    return channel !== undefined && canManage(channel)
  }
  return (
    <Card title={t('nav.channels')} hint={t('agent.channelsText')}>
      <ul class="col divide-y divide-line mb-4">
        <For each={mine()} fallback={<li class="text-soft text-[13.5px] py-2">{t('agent.noChannels')}</li>}>
          {(own) => (
            <li class="row flex-wrap gap-3 py-2">
              <A
                href={conversationPath(own.target)}
                class="row gap-1.5 flex-1 min-w-32 font-550 hover:underline rounded"
              >
                <Icon name="i-lucide-hash" class="text-soft" />
                {own.target.replace(/^#/, '')}
              </A>
              <Select
                quiet
                label={t('member.delivery', { name: props.agent.displayName })}
                value={own.deliveryMode}
                disabled={!managed(own.target)}
                options={[
                  { value: 'mentions', label: t('delivery.mentions') },
                  { value: 'all', label: t('delivery.all') },
                  { value: 'off', label: t('delivery.off') },
                ]}
                onChange={(mode) => void setMode(own.target, mode)}
              />
              <Show when={managed(own.target)}>
                <IconButton
                  icon="i-lucide-x"
                  label={t('agent.leaveChannel', { name: own.target })}
                  onClick={() => void remove(own.target)}
                />
              </Show>
            </li>
          )}
        </For>
      </ul>
      <Show when={canWrite() && others().length > 0}>
        <div class="row items-end gap-2">
          <div class="flex-1">
            <Select
              label={t('agent.addChannel')}
              value={chosen()}
              options={[
                { value: '', label: t('agent.chooseChannel') },
                ...others().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
              ]}
              onChange={setChosen}
            />
          </div>
          <Button kind="primary" disabled={!chosen()} onClick={() => void add()}>
            {t('member.addSubmit')}
          </Button>
        </div>
      </Show>
    </Card>
  )
}
