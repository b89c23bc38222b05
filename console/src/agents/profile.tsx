import { Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { ManagedAgent } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { put } from '../store/apply'
import { isAdmin } from '../store/session'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice, Notice } from '../ui/notice'
import { toast } from '../ui/toast'
import { HowFields, WorkspaceField } from './fields'
import { isCustom, line, words } from './kinds'
import { PolicyField } from './policy'

const draftOf = (agent: ManagedAgent) => ({
  displayName: agent.displayName,
  description: agent.description,
  computerId: agent.computerId,
  runtimeKind: agent.runtimeKind,
  model: agent.model,
  workspace: agent.workspace,
  instructions: agent.instructions,
  command: line(agent.command),
  approvals: structuredClone({ default: agent.approvals.default, rules: { ...agent.approvals.rules } }),
})

/** What an agent is and may do; a change holds from its next turn on. */
export function ProfileForm(props: { agent: ManagedAgent }) {
  const [draft, update] = createStore(draftOf(props.agent))
  const request = createRequest()
  const { wrong } = request
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const { command, approvals, ...rest } = draft
    const body = {
      ...rest,
      approvals: structuredClone({ default: approvals.default, rules: { ...approvals.rules } }),
      ...(isCustom(draft.runtimeKind) ? { command: words(command) } : {}),
    }
    const saved = await request.run(async () => {
      const agent = await call('PATCH /api/agents/{id}', { params: { id: props.agent.id }, body })
      change((state) => put(state.agents, agent.id, agent))
    })
    if (saved) toast('ok', t('agent.saved'))
  }
  return (
    <form onSubmit={(event) => void save(event)}>
      <fieldset disabled={!isAdmin()} class="col gap-5">
        <Show when={!isAdmin()}>
          <Notice tone="info">{t('error.adminOnly')}</Notice>
        </Show>
        <Card title={t('agent.about')}>
          <div class="col gap-4">
            <TextField
              label={t('agent.displayName')}
              value={draft.displayName}
              error={wrong('displayName')}
              required
              onInput={(value) => update('displayName', value)}
            />
            <TextField
              label={t('agent.description')}
              hint={t('agent.descriptionHint')}
              value={draft.description}
              maxlength={500}
              onInput={(value) => update('description', value)}
            />
            <TextArea
              label={t('agent.instructions')}
              hint={t('agent.instructionsHint')}
              rows={5}
              value={draft.instructions}
              onInput={(value) => update('instructions', value)}
            />
          </div>
        </Card>
        <Card title={t('agent.how')} hint={t('agent.howHint')}>
          <div class="col gap-4">
            <HowFields draft={draft} onChange={update} wrong={wrong} />
            <WorkspaceField draft={draft} onChange={update} wrong={wrong} />
          </div>
        </Card>
        <Card title={t('agent.permissions')}>
          <PolicyField value={draft.approvals} onChange={(approvals) => update('approvals', approvals)} />
        </Card>
        <ErrorNotice error={request.error()} />
        <Show when={isAdmin()}>
          <Button type="submit" kind="primary" busy={request.busy()} class="self-start">
            {t('common.save')}
          </Button>
        </Show>
      </fieldset>
    </form>
  )
}
