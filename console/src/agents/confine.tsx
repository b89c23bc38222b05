import { For, Show } from 'solid-js'
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
import { ErrorNotice } from '../ui/notice'
import { Checkbox } from '../ui/select'
import { toast } from '../ui/toast'

const FIGURES = ['memoryMb', 'processes', 'cpuPercent', 'turnMinutes'] as const

const shown = (limit: number | null) => (limit === null ? '' : String(limit))
const figure = (typed: string) => (typed.trim() === '' ? null : Number(typed))
const lines = (typed: string) =>
  typed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

const draftOf = ({ confinement }: ManagedAgent) => ({
  sandbox: confinement.sandbox,
  network: confinement.network,
  readable: confinement.readable.join('\n'),
  memoryMb: shown(confinement.memoryMb),
  processes: shown(confinement.processes),
  cpuPercent: shown(confinement.cpuPercent),
  turnMinutes: shown(confinement.turnMinutes),
})

const Words = (props: { label: string; hint: string }) => (
  <span class="col">
    <span class="font-500">{props.label}</span>
    <span class="text-[12.5px] text-soft">{props.hint}</span>
  </span>
)

/** What an agent's processes may reach and take of their computer. */
export function ConfinementForm(props: { agent: ManagedAgent }) {
  const [draft, update] = createStore(draftOf(props.agent))
  const request = createRequest()
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const confinement = {
      sandbox: draft.sandbox,
      network: draft.network,
      readable: lines(draft.readable),
      memoryMb: figure(draft.memoryMb),
      processes: figure(draft.processes),
      cpuPercent: figure(draft.cpuPercent),
      turnMinutes: figure(draft.turnMinutes),
    }
    const saved = await request.run(async () => {
      const agent = await call('PATCH /api/agents/{id}', { params: { id: props.agent.id }, body: { confinement } })
      change((state) => put(state.agents, agent.id, agent))
    })
    if (saved) toast('ok', t('agent.saved'))
  }
  return (
    <Card title={t('confine.title')} hint={t('confine.text')}>
      <form onSubmit={(event) => void save(event)}>
        <fieldset disabled={!isAdmin()} class="col gap-4">
          <Checkbox
            label={<Words label={t('confine.sandbox')} hint={t('confine.sandboxHint')} />}
            checked={draft.sandbox}
            onChange={(on) => update('sandbox', on)}
          />
          <Show when={draft.sandbox}>
            <Checkbox
              label={<Words label={t('confine.network')} hint={t('confine.networkHint')} />}
              checked={draft.network}
              onChange={(on) => update('network', on)}
            />
            <TextArea
              label={t('confine.readable')}
              hint={t('confine.readableHint')}
              mono
              rows={2}
              value={draft.readable}
              onInput={(text) => update('readable', text)}
            />
          </Show>
          <div class="grid sm:grid-cols-2 gap-4">
            <For each={FIGURES}>
              {(name) => (
                <TextField
                  label={t(`confine.${name}`)}
                  hint={t('limits.none')}
                  type="number"
                  min={1}
                  value={draft[name]}
                  onInput={(text) => update(name, text)}
                />
              )}
            </For>
          </div>
          <ErrorNotice error={request.error()} />
          <Show when={isAdmin()}>
            <Button type="submit" kind="primary" busy={request.busy()} class="self-start">
              {t('common.save')}
            </Button>
          </Show>
        </fieldset>
      </form>
    </Card>
  )
}
