import '../i18n/en/decisions'
import { state } from '../store/state'
import { DecisionForm } from './form'

/** Proposes what a message says as a decision of its channel. */
export default function Promote(props: { messageId: string; onClose: () => void }) {
  const message = state.messages[props.messageId]
  const body = message?.content ?? ''
  return (
    <DecisionForm
      target={message?.target ?? ''}
      source={{ messageId: props.messageId, draft: { title: titleOf(body), body } }}
      onClose={props.onClose}
    />
  )
}

/** The first line with words, without the marks of Markdown before it. */
export const titleOf = (content: string): string =>
  (content.split('\n').find((line) => /[\p{L}\p{N}]/u.test(line)) ?? '')
    .replace(/^[\s#>*_`-]+|[\s*_`]+$/g, '')
    .slice(0, 200)
