import { createSignal } from 'solid-js'
import type { Decision } from '@shared/contract'
import '../i18n/en/decisions'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { ErrorNotice } from '../ui/notice'
import { toast } from '../ui/toast'
import { decisions } from './decisions'
import { DecisionFields, emptyDraft, type DecisionDraft } from './fields'

/** Proposes something to a channel, perhaps to replace what it has decided before, or what a message says. */
export function DecisionForm(props: {
  target: string
  supersedes?: Decision
  /** The message that is proposed, and what it says. */
  source?: { messageId: string; draft: Partial<DecisionDraft> }
  onClose: () => void
}) {
  const [draft, setDraft] = createSignal<DecisionDraft>({ ...emptyDraft(), ...props.source?.draft })
  const request = createRequest()
  const post = () => {
    const { title, body, quorum } = draft()
    const proposal = { title: title.trim(), body: body.trim(), ...(quorum ? { quorum } : {}) }
    if (props.source)
      return call('POST /api/messages/{id}/decision', { params: { id: props.source.messageId }, body: proposal })
    if (props.supersedes)
      return call('POST /api/decisions/{id}/supersede', { params: { id: props.supersedes.id }, body: proposal })
    return call('POST /api/channels/{target}/decisions', { params: { target: props.target }, body: proposal })
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      decisions.put(await post())
      props.onClose()
      toast('ok', t('decision.proposedDone'))
    })
  }
  const subtitle = () =>
    props.supersedes ? t('decision.supersedeText', { title: props.supersedes.title }) : t('decision.proposeText')
  return (
    <Dialog open wide title={t('decision.propose')} subtitle={subtitle()} onClose={props.onClose}>
      <form class="col gap-4" onSubmit={submit}>
        <DecisionFields draft={draft()} onChange={setDraft} wrong={request.wrong} />
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('decision.proposeSubmit')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
