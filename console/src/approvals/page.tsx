import { A } from '@solidjs/router'
import { createSignal, For, Show } from 'solid-js'
import type { Approval } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { agentPath, conversationPath, runPath } from '../app/paths'
import { channelTitle, pendingApprovals } from '../app/unread'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { put } from '../store/apply'
import { change, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Empty } from '../ui/empty'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { Tabs } from '../ui/tabs'
import { ApprovalRequest } from './request'

const decided = () =>
  Object.values(state.approvals)
    .filter((approval) => approval.state !== 'pending')
    .sort((a, b) => (b.decidedAt ?? b.createdAt) - (a.decidedAt ?? a.createdAt))

/** Everything that agents ask for, and what was answered. */
export default function ApprovalsPage() {
  const [tab, setTab] = createSignal<'open' | 'done'>('open')
  const past = createLoad(
    () => (tab() === 'done' ? true : undefined),
    async () => {
      const { items } = await call('GET /api/approvals', { query: { limit: 100 } })
      change((draft) => items.forEach((approval) => put(draft.approvals, approval.id, approval)))
      return true
    },
  )
  return (
    <Page title={t('nav.approvals')}>
      <Tabs
        label={t('nav.approvals')}
        value={tab()}
        onChange={setTab}
        tabs={[
          { value: 'open', label: t('approval.open') },
          { value: 'done', label: t('approval.decided') },
        ]}
      >
        <Show when={tab() === 'open'} fallback={<Decided error={past.error()} />}>
          <div class="col gap-5">
            <For
              each={pendingApprovals()}
              fallback={<Empty icon="i-lucide-shield-check" title={t('approval.none')} text={t('approval.noneText')} />}
            >
              {(approval) => (
                <article class="col gap-2">
                  <Where approval={approval} />
                  <ApprovalRequest approval={approval} />
                </article>
              )}
            </For>
          </div>
        </Show>
      </Tabs>
    </Page>
  )
}

function Where(props: { approval: Approval }) {
  const agent = () => state.agents[props.approval.agentId]
  const channel = () => state.channels[props.approval.target]
  return (
    <p class="row flex-wrap gap-x-2 gap-y-1 text-[13px] text-soft">
      <Avatar name={agent()?.name ?? '?'} kind="agent" size="xs" />
      <A href={agentPath(props.approval.agentId)} class="font-600 text-ink hover:underline rounded">
        {agent()?.displayName ?? t('agent.gone')}
      </A>
      <Show when={channel()}>
        {(channel) => (
          <A
            href={conversationPath(props.approval.target, { thread: props.approval.threadId })}
            class="hover:text-ink hover:underline rounded"
          >
            {channel().kind === 'dm' ? channelTitle(channel()) : `#${channelTitle(channel())}`}
          </A>
        )}
      </Show>
      <A href={runPath(props.approval.runId)} class="hover:text-ink hover:underline rounded">
        {t('run.open')}
      </A>
      <span class="text-faint">{relative(props.approval.createdAt)}</span>
    </p>
  )
}

const Decided = (props: { error: unknown }) => (
  <div class="col">
    <ErrorNotice error={props.error} />
    <ul class="col divide-y divide-line">
      <For
        each={decided()}
        fallback={
          <Empty icon="i-lucide-history" title={t('approval.noneDecided')} text={t('approval.noneDecidedText')} />
        }
      >
        {(approval) => (
          <li class="row gap-3 py-2.5">
            <div class="flex-1 min-w-0 col gap-0.5">
              <p class="truncate text-[13.5px]">
                <span class="font-600">{t(`tool.${approval.kind}`)}</span> {approval.title}
              </p>
              <Where approval={approval} />
            </div>
            <Show when={approval.decidedBy}>
              {(by) => <span class="text-[13px] text-soft max-sm:hidden">{by().displayName}</span>}
            </Show>
            <Badge tone={approval.state === 'allowed' ? 'ok' : approval.state === 'denied' ? 'bad' : 'plain'}>
              {t(`approval.${approval.state === 'pending' ? 'open' : approval.state}`)}
            </Badge>
          </li>
        )}
      </For>
    </ul>
  </div>
)
