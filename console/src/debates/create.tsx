import { createSignal } from 'solid-js'
import type { ChannelMember, Debate } from '@shared/contract'
import '../i18n/en/panels'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'

interface NewDebateProps {
  target: string
  /** At least two. */
  agents: ChannelMember[]
  onClose: () => void
  onMade: (debate: Debate) => void
}

/** Two agents, what about, and how many turns. */
export function NewDebate(props: NewDebateProps) {
  const [topic, setTopic] = createSignal('')
  const [first, setFirst] = createSignal(props.agents[0]?.memberId ?? '')
  const [second, setSecond] = createSignal(props.agents[1]?.memberId ?? '')
  const [turns, setTurns] = createSignal('6')
  const request = createRequest()
  const options = (other: string) =>
    props.agents.map((agent) => ({
      value: agent.memberId,
      label: `${agent.displayName} (@${agent.name})`,
      disabled: agent.memberId === other,
    }))
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const debate = await call('POST /api/debates', {
        body: {
          target: props.target,
          topic: topic().trim(),
          agentIds: [first(), second()],
          turns: Number(turns()),
        },
      })
      props.onClose()
      props.onMade(debate)
    })
  }
  return (
    <Dialog open title={t('debate.new')} subtitle={t('debate.newText')} onClose={props.onClose}>
      <form class="col gap-4" onSubmit={submit}>
        <TextArea
          label={t('debate.topic')}
          value={topic()}
          onInput={setTopic}
          error={request.wrong('topic')}
          rows={2}
          maxlength={1000}
          required
          ref={(area) => queueMicrotask(() => area.focus())}
        />
        <Select label={t('debate.first')} value={first()} options={options(second())} onChange={setFirst} />
        <Select label={t('debate.second')} value={second()} options={options(first())} onChange={setSecond} />
        <TextField
          label={t('debate.turns')}
          hint={t('debate.turnsHint')}
          type="number"
          min={2}
          max={20}
          value={turns()}
          onInput={setTurns}
          error={request.wrong('turns')}
          required
        />
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('debate.submit')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
