import { createSignal, Show } from 'solid-js'
import type { ManagedAgent } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { put } from '../store/apply'
import { isAdmin } from '../store/session'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { toast } from '../ui/toast'

const shown = (limit: number | null) => (limit === null ? '' : String(limit))
const limit = (typed: string) => (typed.trim() === '' ? null : Number(typed))

/** How much an agent may do before somebody has to look. */
export function LimitsForm(props: { agent: ManagedAgent }) {
  const [turns, setTurns] = createSignal(shown(props.agent.limits.turnsPerHour))
  const [cost, setCost] = createSignal(shown(props.agent.limits.costPerDayUsd))
  const request = createRequest()
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const saved = await request.run(async () => {
      const agent = await call('PATCH /api/agents/{id}', {
        params: { id: props.agent.id },
        body: { limits: { turnsPerHour: limit(turns()), costPerDayUsd: limit(cost()) } },
      })
      change((draft) => put(draft.agents, agent.id, agent))
    })
    if (saved) toast('ok', t('agent.saved'))
  }
  return (
    <Card title={t('agent.limits')} hint={t('limits.text')}>
      <form onSubmit={(event) => void save(event)}>
        <fieldset disabled={!isAdmin()} class="col gap-4">
          <div class="grid sm:grid-cols-2 gap-4">
            <TextField
              label={t('limits.turns')}
              hint={t('limits.none')}
              type="number"
              min={1}
              max={10_000}
              value={turns()}
              onInput={setTurns}
            />
            <TextField
              label={t('limits.cost')}
              hint={t('limits.none')}
              type="number"
              min={0}
              step="0.01"
              value={cost()}
              onInput={setCost}
            />
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
