import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Approval } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { ToolInput } from '../runs/input'
import { toolIcons } from '../runs/tool'
import { put } from '../store/apply'
import { canWrite } from '../store/session'
import { change, state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'

/** The open questions of one run. */
export function ApprovalList(props: { runId: string }) {
  const ids = createMemo(() =>
    Object.values(state.approvals)
      .filter((approval) => approval.runId === props.runId && approval.state === 'pending')
      .sort((a, b) => a.createdAt - b.createdAt)
      .map((approval) => approval.id),
  )
  return (
    <For each={ids()}>
      {(id) => <Show when={state.approvals[id]}>{(approval) => <ApprovalRequest approval={approval()} />}</Show>}
    </For>
  )
}

/** An agent asks whether it may do something, with the buttons that answer. */
export function ApprovalRequest(props: { approval: Approval }) {
  const [busy, setBusy] = createSignal(false)
  const decide = async (allow: boolean, remember: boolean) => {
    setBusy(true)
    await act(async () => {
      const decided = await call('POST /api/approvals/{id}/decision', {
        params: { id: props.approval.id },
        body: { allow, remember },
      })
      change((draft) => put(draft.approvals, decided.id, decided))
    })
    setBusy(false)
  }
  return (
    <section
      aria-label={t('approval.title')}
      class="rounded-xl border border-warn/45 bg-warn-soft px-3.5 py-3 col gap-2.5"
    >
      <p class="row items-start gap-2 text-[13.5px] leading-snug">
        <Icon name={toolIcons[props.approval.kind]} class="text-warn text-[17px] mt-0.25" />
        <span class="min-w-0 break-words">
          <span class="font-600">{t(`approval.${props.approval.kind}`)}</span> {props.approval.title}
        </span>
      </p>
      <ToolInput input={props.approval.input} />
      <Show when={canWrite()} fallback={<p class="text-[13px] text-soft">{t('approval.viewer')}</p>}>
        <div class="row flex-wrap gap-2">
          <Button
            size="sm"
            kind="primary"
            icon="i-lucide-check"
            disabled={busy()}
            onClick={() => void decide(true, false)}
          >
            {t('approval.once')}
          </Button>
          <Show when={props.approval.canRemember}>
            <Button size="sm" icon="i-lucide-check-check" disabled={busy()} onClick={() => void decide(true, true)}>
              {t('approval.session')}
            </Button>
          </Show>
          <Button size="sm" kind="danger" icon="i-lucide-x" disabled={busy()} onClick={() => void decide(false, false)}>
            {t('approval.deny')}
          </Button>
        </div>
      </Show>
    </section>
  )
}
