import type { ModelMessage, ToolResultPart } from 'ai'
import { closer, image, paragraphs, pastLine, text, user, wordsOf } from '../prompt'
import type { PastStep, Shot } from '../vision'
import type { Ask } from './dialect'

/**
 * The steps as a conversation of calls of tools and their results.
 *
 * @param inResult whether a result may have a picture; otherwise it follows as a message of the user
 */
export function conversation(ask: Ask, inResult: boolean): ModelMessage[] {
  const first = ask.history.findIndex(({ picture }) => picture)
  const asText = first < 0 ? ask.history : ask.history.slice(0, first)
  const shown = first < 0 ? [] : ask.history.slice(first)
  const intro = paragraphs(
    `Task: ${ask.task}`,
    asText.length > 0 && `What was done until now:\n${asText.map(pastLine).join('\n')}`,
    ask.crop && closer(ask.crop),
    wordsOf(shown[0]?.words ?? (shown.length === 0 ? ask.words : undefined)),
  )
  const messages: ModelMessage[] = [user(text(intro), image(shown[0]?.picture ?? ask.picture))]
  for (const [index, step] of shown.entries()) {
    const next = shown[index + 1]
    messages.push(
      said(step),
      ...results(step, next ? next.picture : ask.picture, next ? next.words : ask.words, inResult),
    )
  }
  return messages
}

function said({ reply }: PastStep): ModelMessage {
  const words = reply.text.trim()
  const content = [
    ...(words === '' ? [] : [text(words)]),
    ...reply.calls.map(({ id, name, input }) => ({
      type: 'tool-call' as const,
      toolCallId: id,
      toolName: name,
      input,
    })),
  ]
  return { role: 'assistant', content: content.length > 0 ? content : [text('(nothing)')] }
}

function results(step: PastStep, picture: Shot | undefined, words: Ask['words'], inResult: boolean): ModelMessage[] {
  const { calls } = step.reply
  const came = step.result ?? 'Done.'
  const after = paragraphs(wordsOf(words), !picture && '(The picture is left out.)')
  if (calls.length === 0) return [user(text(paragraphs(came, after)), ...(picture ? [image(picture)] : []))]
  const content = calls.map(({ id, name }, index): ToolResultPart => {
    const isLast = index === calls.length - 1
    const value =
      index < step.actions.length ? (isLast ? came : 'Done.') : `Not carried out. ${isLast ? came : ''}`.trim()
    return {
      type: 'tool-result',
      toolCallId: id,
      toolName: name,
      output:
        isLast && inResult && picture
          ? { type: 'content', value: [text(value), image(picture)] }
          : { type: 'text', value },
    }
  })
  const rest = [...(after === '' ? [] : [text(after)]), ...(picture && !inResult ? [image(picture)] : [])]
  return [{ role: 'tool', content }, ...(rest.length > 0 ? [user(...rest)] : [])]
}
