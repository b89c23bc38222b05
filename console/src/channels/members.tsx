import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Channel, ChannelMember, DeliveryMode } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { PersonDot } from '../presence/dot'
import { canWrite, me } from '../store/session'
import { change, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { SkeletonRows } from '../ui/skeleton'
import { canManage } from './manage'

/** Fetches a channel's members; from then on events keep them. */
export async function loadMembers(target: string): Promise<void> {
  const { items } = await call('GET /api/channels/{target}/members', { params: { target } })
  change((draft) => void (draft.members[target] = items))
}

/** Who is in a channel, and when its agents get the messages. */
export const MembersDialog = (props: { channel: Channel; open: boolean; onClose: () => void }) => (
  <Dialog
    open={props.open}
    onClose={props.onClose}
    title={t('channel.membersOf', { name: props.channel.name.replace(/^#/, '') })}
    wide
  >
    <Members channel={props.channel} />
  </Dialog>
)

const at = (channel: Channel, member: Pick<ChannelMember, 'kind' | 'memberId'>) => ({
  target: channel.target,
  kind: member.kind,
  memberId: member.memberId,
})

function Members(props: { channel: Channel }) {
  const loading = createLoad(() => props.channel.target, loadMembers)
  const members = createMemo(() =>
    [...(state.members[props.channel.target] ?? [])].sort(
      (a, b) => a.kind.localeCompare(b.kind) || a.displayName.localeCompare(b.displayName),
    ),
  )
  return (
    <div class="col gap-4">
      <Show when={canWrite() && (canManage(props.channel) || props.channel.visibility === 'public')}>
        <AddMember channel={props.channel} />
      </Show>
      <ErrorNotice error={loading.error()} />
      <Show when={state.members[props.channel.target] || loading.error()} fallback={<SkeletonRows count={3} />}>
        <ul class="col divide-y divide-line">
          <For each={members()}>{(member) => <Member channel={props.channel} member={member} />}</For>
        </ul>
      </Show>
    </div>
  )
}

const roles = ['admin', 'member', 'viewer'] as const

/** How often an agent that reads along may be told, and what is set now. */
const digests = (now: number | null) =>
  [...new Set([15, 30, 60, 180, 360, 720, 1440, now ?? 60])]
    .sort((a, b) => a - b)
    .map((minutes) => ({
      value: String(minutes),
      label:
        minutes % 60 === 0 ? t('member.everyHours', { n: minutes / 60 }) : t('member.everyMinutes', { n: minutes }),
    }))

function Member(props: { channel: Channel; member: ChannelMember }) {
  const patch = (body: { deliveryMode?: DeliveryMode; digestMinutes?: number; role?: ChannelMember['role'] }) =>
    act(() =>
      call('PATCH /api/channels/{target}/members/{kind}/{memberId}', {
        params: at(props.channel, props.member),
        body,
      }),
    )
  const remove = () =>
    act(() =>
      call('DELETE /api/channels/{target}/members/{kind}/{memberId}', { params: at(props.channel, props.member) }),
    )
  const mine = () => props.member.kind === 'human' && props.member.memberId === me().id
  return (
    <li class="row flex-wrap gap-3 py-2.5">
      <Avatar
        name={props.member.kind === 'human' ? props.member.displayName : props.member.name}
        kind={props.member.kind}
        size="sm"
      />
      <div class="flex-1 min-w-32">
        <p class="font-550 truncate">
          <Show when={props.member.kind === 'human'}>
            <PersonDot userId={props.member.memberId} class="mr-1.5" />
          </Show>
          {props.member.displayName} <span class="text-faint font-400 text-[13px]">@{props.member.name}</span>
        </p>
      </div>
      <Show
        when={canManage(props.channel) && props.member.kind === 'human' && !mine()}
        fallback={
          <Show when={props.member.role !== 'member'}>
            <Badge tone={props.member.role === 'admin' ? 'accent' : 'plain'}>{t(`role.${props.member.role}`)}</Badge>
          </Show>
        }
      >
        <Select
          quiet
          label={t('member.role', { name: props.member.displayName })}
          value={props.member.role}
          options={roles.map((role) => ({ value: role, label: t(`role.${role}`) }))}
          onChange={(role) => void patch({ role })}
        />
      </Show>
      <Show when={props.member.kind === 'agent'}>
        <Select
          quiet
          label={t('member.delivery', { name: props.member.displayName })}
          value={props.member.deliveryMode}
          disabled={!canManage(props.channel)}
          options={[
            { value: 'mentions', label: t('delivery.mentions') },
            { value: 'all', label: t('delivery.all') },
            { value: 'periodic', label: t('delivery.periodic') },
            { value: 'muted', label: t('delivery.muted') },
            { value: 'off', label: t('delivery.off') },
          ]}
          onChange={(deliveryMode) => void patch({ deliveryMode })}
        />
        <Show when={props.member.deliveryMode === 'periodic'}>
          <Select
            quiet
            label={t('member.digest', { name: props.member.displayName })}
            value={String(props.member.digestMinutes ?? 60)}
            disabled={!canManage(props.channel)}
            options={digests(props.member.digestMinutes)}
            onChange={(minutes) => void patch({ digestMinutes: Number(minutes) })}
          />
        </Show>
      </Show>
      <Show when={canManage(props.channel) && !mine()}>
        <IconButton
          icon="i-lucide-user-minus"
          label={t('member.remove', { name: props.member.displayName })}
          onClick={remove}
        />
      </Show>
    </li>
  )
}

function AddMember(props: { channel: Channel }) {
  const [chosen, setChosen] = createSignal('')
  const outside = createMemo(() => {
    const inside = new Set((state.members[props.channel.target] ?? []).map((member) => member.memberId))
    return [
      ...Object.values(state.agents).map((agent) => ({
        kind: 'agent' as const,
        id: agent.id,
        name: agent.name,
        label: agent.displayName,
      })),
      ...Object.values(state.users).map((user) => ({
        kind: 'human' as const,
        id: user.id,
        name: user.username,
        label: user.displayName,
      })),
    ].filter((someone) => !inside.has(someone.id))
  })
  const add = async () => {
    const someone = outside().find((someone) => someone.id === chosen())
    if (!someone) return
    const body = { kind: someone.kind, memberId: someone.id }
    const added = await act(async () => {
      await call('POST /api/channels/{target}/members', { params: { target: props.channel.target }, body })
      await loadMembers(props.channel.target)
    })
    if (added) setChosen('')
  }
  return (
    <div class="row items-end gap-2">
      <div class="flex-1">
        <Select
          label={t('member.add')}
          value={chosen()}
          options={[
            { value: '', label: outside().length > 0 ? t('member.choose') : t('member.everybody') },
            ...outside().map((someone) => ({ value: someone.id, label: `${someone.label} (@${someone.name})` })),
          ]}
          onChange={setChosen}
        />
      </div>
      <Button kind="primary" disabled={!chosen()} onClick={() => void add()}>
        {t('member.addSubmit')}
      </Button>
    </div>
  )
}
