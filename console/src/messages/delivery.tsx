import { A, useNavigate } from '@solidjs/router'
import { Match, Show, Switch, type JSX } from 'solid-js'
import type { Delivery } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { agentPath, computerPath, conversationPath } from '../app/paths'
import { t } from '../i18n'
import { RunCard } from '../runs/card'
import { FailureBox } from '../runs/failure'
import { failedAtComputer, isGuard, isRetryable } from '../runs/failures'
import { putDelivery } from '../store/apply'
import { canWrite } from '../store/session'
import { change, state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Button } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { AnswerPreview } from './preview'

/**
 * What became of one mention: waiting and for what, at work, answered, or failed and what to do. With `preview` an answer that
 * stands in a thread is shown here too, as far as there is room.
 */
export function DeliveryLine(props: { delivery: Delivery; preview: boolean }) {
  const agent = () => state.agents[props.delivery.agentId]
  const name = () => agent()?.displayName ?? t('agent.gone')
  const run = () => (props.delivery.runId ? state.runs[props.delivery.runId] : undefined)
  return (
    <Switch>
      <Match when={props.delivery.state === 'failed' && props.delivery.failure}>
        {(failure) => (
          <Wide>
            <FailureBox
              failure={failure()}
              title={failure().reason === 'killed' ? `${name()}:` : t('delivery.failed', { name: name() })}
              actions={<FailureActions delivery={props.delivery} />}
            />
          </Wide>
        )}
      </Match>
      <Match when={props.delivery.state === 'claimed' && run()}>
        {(run) => (
          <Wide>
            <RunCard run={run()} />
          </Wide>
        )}
      </Match>
      <Match when={props.delivery.state === 'claimed' && props.delivery.runId}>
        {(id) => (
          <Wide>
            <RunCard run={undefined} runId={id()} />
          </Wide>
        )}
      </Match>
      <Match when={props.delivery.state === 'answered'}>
        <Show
          when={props.preview && props.delivery.threadId && props.delivery.answerMessageId}
          fallback={<Answered delivery={props.delivery} name={name()} />}
        >
          {(id) => (
            <Wide>
              <AnswerPreview messageId={id()} />
            </Wide>
          )}
        </Show>
      </Match>
      <Match when={props.delivery.state === 'declined'}>
        <Line delivery={props.delivery} icon="i-lucide-minus">
          {t('delivery.declined', { name: name() })}
        </Line>
      </Match>
      <Match when={props.delivery.state === 'expired'}>
        <Line delivery={props.delivery} icon="i-lucide-hourglass">
          {t('delivery.expired', { name: name() })}
        </Line>
      </Match>
      <Match when={true}>
        <WaitingLine delivery={props.delivery} name={name()} />
      </Match>
    </Switch>
  )
}

/** On a phone a card takes the room below the avatar too: diffs and commands need every column. */
const Wide = (props: { children: JSX.Element }) => <div class="max-sm:-ml-12">{props.children}</div>

function Line(props: { delivery: Delivery; icon: string; tone?: string; children: JSX.Element }) {
  const agent = () => state.agents[props.delivery.agentId]
  return (
    <div class="row gap-2 text-[13px] text-soft min-h-6">
      <Avatar name={agent()?.name ?? '?'} kind="agent" size="xs" />
      <Icon name={props.icon} class={cx('text-[14px]', props.tone)} />
      <span class="min-w-0 flex-1 row flex-wrap gap-x-1.5">{props.children}</span>
    </div>
  )
}

function WaitingLine(props: { delivery: Delivery; name: string }) {
  const agent = () => state.agents[props.delivery.agentId]
  const computer = () => state.computers[agent()?.computerId ?? '']
  const busy = () => props.delivery.waiting === null && agent()?.status.presence === 'busy'
  return (
    <Switch
      fallback={
        <Line delivery={props.delivery} icon="i-lucide-check" tone="text-ok">
          {t('delivery.delivered', { name: props.name })}
        </Line>
      }
    >
      <Match when={props.delivery.waiting === 'computer_offline'}>
        <Line delivery={props.delivery} icon="i-lucide-plug-zap" tone="text-warn">
          {t('waiting.offline', { name: props.name, computer: computer()?.displayName ?? '?' })}
          <Show when={computer()}>
            {(computer) => (
              <A href={computerPath(computer().id)} class="text-accent-text font-550 hover:underline rounded">
                {t('waiting.offlineNext')}
              </A>
            )}
          </Show>
        </Line>
      </Match>
      <Match when={props.delivery.waiting === 'agent_busy' || busy()}>
        <Line delivery={props.delivery} icon="i-lucide-hourglass" tone="text-info">
          {t('waiting.busy', { name: props.name })}
        </Line>
      </Match>
      <Match when={props.delivery.waiting === 'start_queue'}>
        <Line delivery={props.delivery} icon="i-lucide-list-start" tone="text-info">
          {t('waiting.queue', { name: props.name })}
        </Line>
      </Match>
      <Match when={props.delivery.waiting === 'agent_disabled'}>
        <Line delivery={props.delivery} icon="i-lucide-power-off" tone="text-warn">
          {t('waiting.disabled', { name: props.name })}
          <A href={agentPath(props.delivery.agentId)} class="text-accent-text font-550 hover:underline rounded">
            {t('waiting.disabledNext')}
          </A>
        </Line>
      </Match>
    </Switch>
  )
}

function Answered(props: { delivery: Delivery; name: string }) {
  // An answer that is here stands right below.
  const elsewhere = () => {
    const id = props.delivery.answerMessageId
    return id && !state.messages[id] ? id : undefined
  }
  const joined = () => Boolean(props.delivery.runId && state.runs[props.delivery.runId]?.joinedRunId)
  return (
    <Line delivery={props.delivery} icon="i-lucide-check-check" tone="text-ok">
      {joined() ? t('delivery.joined', { name: props.name }) : t('delivery.answered', { name: props.name })}
      <Show when={elsewhere()}>
        {(id) => (
          <A
            href={conversationPath(props.delivery.target, { thread: props.delivery.threadId, message: id() })}
            class="text-accent-text font-550 hover:underline rounded"
          >
            {t('delivery.show')}
          </A>
        )}
      </Show>
    </Line>
  )
}

function FailureActions(props: { delivery: Delivery }) {
  const navigate = useNavigate()
  const reason = () => props.delivery.failure?.reason ?? 'internal'
  const retry = () =>
    act(async () => {
      const delivery = await call('POST /api/deliveries/{id}/retry', { params: { id: props.delivery.id } })
      change((draft) => putDelivery(draft, delivery))
    })
  const computer = () => state.agents[props.delivery.agentId]?.computerId
  return (
    <>
      <Show when={canWrite() && isRetryable(reason())}>
        <Button
          size="sm"
          icon={isGuard(reason()) ? 'i-lucide-play' : 'i-lucide-rotate-cw'}
          onClick={() => void retry()}
        >
          {isGuard(reason()) ? t('run.continue') : t('common.retry')}
        </Button>
      </Show>
      <Show when={failedAtComputer(reason()) && computer()}>
        {(id) => (
          <Button size="sm" kind="ghost" icon="i-lucide-monitor" onClick={() => navigate(computerPath(id()))}>
            {t('failure.openComputer')}
          </Button>
        )}
      </Show>
      <Show when={props.delivery.runId}>
        {(id) => (
          <Button size="sm" kind="ghost" icon="i-lucide-list-tree" onClick={() => navigate(`/runs/${id()}`)}>
            {t('run.open')}
          </Button>
        )}
      </Show>
    </>
  )
}
