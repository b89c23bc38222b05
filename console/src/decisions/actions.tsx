import { createSignal, Show } from 'solid-js'
import type { Decision } from '@shared/contract'
import '../i18n/en/decisions'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea } from '../ui/field'
import { Menu } from '../ui/menu'
import { ErrorNotice } from '../ui/notice'
import { decisions } from './decisions'
import { DecisionForm } from './form'
import { stepsOf, type DecisionStep } from './rules'

const icons: Record<DecisionStep, string> = {
  ratify: 'i-lucide-check',
  force: 'i-lucide-gavel',
  reject: 'i-lucide-x',
  withdraw: 'i-lucide-undo-2',
  retire: 'i-lucide-archive',
  supersede: 'i-lucide-replace',
}

/** What the reader may do with a decision besides voting; nothing where that is nothing. */
export function DecisionMenu(props: { decision: Decision }) {
  const [step, setStep] = createSignal<DecisionStep>()
  const items = () =>
    stepsOf(props.decision, state.me, state.channels[props.decision.target]).map((step) => ({
      label: labelOf(step),
      icon: icons[step],
      danger: step === 'reject' || step === 'retire',
      onSelect: () => setStep(step),
    }))
  return (
    <>
      <Show when={items().length > 0}>
        <Menu label={t('decision.more')} items={items()} />
      </Show>
      <Show when={step() === 'supersede'}>
        <DecisionForm target={props.decision.target} supersedes={props.decision} onClose={() => setStep(undefined)} />
      </Show>
      <Show when={step() !== 'supersede' && step()}>
        {(step) => <Confirm decision={props.decision} step={step()} onClose={() => setStep(undefined)} />}
      </Show>
    </>
  )
}

function labelOf(step: DecisionStep): string {
  switch (step) {
    case 'ratify':
      return t('decision.ratify')
    case 'force':
      return t('decision.ratifyForce')
    case 'reject':
      return t('decision.rejectAll')
    case 'withdraw':
      return t('decision.withdraw')
    case 'retire':
      return t('decision.retire')
    case 'supersede':
      return t('decision.supersede')
  }
}

/** Asks once more, and why where the members are told. */
function Confirm(props: { decision: Decision; step: DecisionStep; onClose: () => void }) {
  const [reason, setReason] = createSignal('')
  const request = createRequest()
  const closes = () => props.step === 'reject' || props.step === 'withdraw' || props.step === 'retire'
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      decisions.put(await send(props.decision.id, props.step, reason().trim()))
      props.onClose()
    })
  }
  return (
    <Dialog open title={labelOf(props.step)} subtitle={props.decision.title} onClose={props.onClose}>
      <form class="col gap-4" onSubmit={submit}>
        <Show when={closes()}>
          <TextArea
            label={t('decision.reason')}
            hint={t('decision.why')}
            rows={2}
            maxlength={2000}
            value={reason()}
            onInput={setReason}
            ref={(area) => queueMicrotask(() => area.focus())}
          />
        </Show>
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind={closes() ? 'danger' : 'primary'} busy={request.busy()}>
            {labelOf(props.step)}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function send(id: string, step: DecisionStep, reason: string): Promise<Decision> {
  const params = { id }
  const body = reason ? { reason } : {}
  switch (step) {
    case 'ratify':
      return call('POST /api/decisions/{id}/ratify', { params, body: {} })
    case 'force':
      return call('POST /api/decisions/{id}/ratify', { params, body: { force: true } })
    case 'reject':
      return call('POST /api/decisions/{id}/reject', { params, body })
    case 'withdraw':
      return call('POST /api/decisions/{id}/withdraw', { params, body })
    default:
      return call('POST /api/decisions/{id}/retire', { params, body })
  }
}
