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

const at = (agent: Agent, target: string) => ({ target, kind: 'agent' as const, memberId: agent.id })
const own = (agent: Agent) => agent.channels.filter((channel) => !channel.target.startsWith('dm:'))

/** Where an agent listens, and to what. */
export const AgentChannels = (props: { agent: Agent }) => (
  <Card title={t('nav.channels')} hint={t('agent.channelsText')}>
    <ul class="col divide-y divide-line mb-4">
      <For each={own(props.agent)} fallback={<li class="text-soft text-[13.5px] py-2">{t('agent.noChannels')}</li>}>
        {(channel) => <Membership agent={props.agent} target={channel.target} mode={channel.deliveryMode} />}
      </For>
    </ul>
    <Show when={canWrite()}>
      <AddToChannel agent={props.agent} />
    </Show>
  </Card>
)

function Membership(props: { agent: Agent; target: string; mode: DeliveryMode }) {
  const managed = () => {
    const channel = state.channels[props.target]
    return channel !== undefined && canManage(channel)
  }
  const setMode = (deliveryMode: DeliveryMode) =>
    act(async () => {
      const params = at(props.agent, props.target)
      await call('PATCH /api/channels/{target}/members/{kind}/{memberId}', { params, body: { deliveryMode } })
      await refresh(props.agent.id)
    })
  const remove = () =>
    act(async () => {
      await call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: at(props.agent, props.target) })
      await refresh(props.agent.id)
    })
  return (
    <li class="row flex-wrap gap-3 py-2">
      <A href={conversationPath(props.target)} class="row gap-1.5 flex-1 min-w-32 font-550 hover:underline rounded">
        <Icon name="i-lucide-hash" class="text-soft" />
        {props.target.replace(/^#/, '')}
      </A>
      <Select
        quiet
        label={t('member.delivery', { name: props.agent.displayName })}
        value={props.mode}
        disabled={!managed()}
        options={[
          { value: 'mentions', label: t('delivery.mentions') },
          { value: 'all', label: t('delivery.all') },
          { value: 'periodic', label: t('delivery.periodic') },
          { value: 'muted', label: t('delivery.muted') },
          { value: 'off', label: t('delivery.off') },
        ]}
        onChange={(mode) => void setMode(mode)}
      />
      <Show when={managed()}>
        <IconButton
          icon="i-lucide-x"
          label={t('agent.leaveChannel', { name: props.target })}
          onClick={() => void remove()}
        />
      </Show>
    </li>
  )
}

function AddToChannel(props: { agent: Agent }) {
  const [chosen, setChosen] = createSignal('')
  const others = createMemo(() =>
    channels().filter((channel) => !own(props.agent).some((known) => known.target === channel.target)),
  )
  const add = async () => {
    const done = await act(async () => {
      const body = { kind: 'agent' as const, memberId: props.agent.id }
      await call('POST /api/channels/{target}/members', { params: { target: chosen() }, body })
      await refresh(props.agent.id)
    })
    if (done) setChosen('')
  }
  return (
    <Show when={others().length > 0}>
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
  )
}
