import { jsonSchema, tool, type ToolSet } from 'ai'
import { CONDUCT, paragraphs, pointerOf, SCREEN } from '../prompt'
import { argumentsOf, findLiterals, type Literal } from '../literal'
import type { Scale } from '../places'
import { isAction, readAction } from '../read'
import { splitThought } from '../thought'
import type { Action } from '../actions'
import type { Reply } from '../vision'
import type { Ask, Understood } from './dialect'

/** How a task ends, and how a person is asked: beside the tool that acts. */
export const ENDING: ToolSet = {
  finish: tool({
    description: 'End the task, when it is done or cannot be done.',
    inputSchema: jsonSchema({
      type: 'object',
      properties: {
        answer: { type: 'string', description: 'What was asked for, or what was done, in a sentence or two' },
        success: { type: 'boolean', description: 'false when it could not be done' },
      },
      required: ['answer', 'success'],
      additionalProperties: false,
    }),
  }),
  ask_person: tool({
    description: 'Ask a person: for a password, a code, a decision, or to take over for a moment.',
    inputSchema: jsonSchema({
      type: 'object',
      properties: { question: { type: 'string' } },
      required: ['question'],
      additionalProperties: false,
    }),
  }),
}

export const conduct = ({ mode }: Ask): string =>
  paragraphs(
    `You use ${SCREEN[mode]} by the tool \`computer\`, to complete a task. After each action you are shown the screen again.`,
    CONDUCT,
    'When the task is done, or cannot be done, call `finish`. Where you need a person, call `ask_person`.',
  )

/** The calls of a reply as actions: those before the first one that cannot be read. */
export function readCalls(reply: Reply, ask: Ask, scale: Scale): Understood {
  const { said, thought: inTags } = splitThought(reply.text)
  const thought = paragraphs(reply.thought, inTags, reply.calls.length > 0 && said) || undefined
  const calls =
    reply.calls.length > 0 ? reply.calls.map(({ name, input }) => ({ name, input: literalOf(input) })) : written(said)
  if (calls.length === 0) {
    // Asked again, it still only talks: what it says is the answer.
    if (ask.isLast && said !== '' && !ask.crop) return { actions: [{ action: 'ANSWER', value: said }], thought }
    return { thought, problem: 'it calls no tool: act by `computer`, or call `finish` or `ask_person`' }
  }
  const actions: Action[] = []
  for (const { name, input } of calls) {
    const fields = fieldsOf(name, input)
    if (!fields)
      return actions.length > 0
        ? { actions, thought }
        : { thought, problem: `the arguments of \`${name}\` cannot be read` }
    const pointer = pointerOf([...ask.history, { number: 0, actions, reply }])
    const { action, problem } = readAction(fields, { mode: ask.mode, scale, adapts: true, pointer })
    if (!action) return actions.length > 0 ? { actions, thought } : { thought, problem }
    actions.push(action)
  }
  return { actions, thought }
}

/** What a call of one of our tools is as an action. */
function fieldsOf(name: string, input: Literal | undefined): { [key: string]: Literal } | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined
  if (name === 'ask_person') return { ...input, action: 'ask' }
  if (name !== 'finish') return input
  return input.success === false
    ? { action: 'done', status: 'failure', value: input.answer ?? null }
    : { ...input, action: 'answer' }
}

const literalOf = (input: unknown): Literal | undefined =>
  findLiterals(typeof input === 'string' ? input : JSON.stringify(input ?? null))[0]?.value

/** Models that were not trained on tools write the call as text. */
function written(said: string): { name: string; input: Literal | undefined }[] {
  const calls = findLiterals(said).map(({ value }) => argumentsOf(value))
  const found = calls.find(({ name, input }) => isAction(input) || name === 'finish' || name === 'ask_person')
  return found ? [{ name: found.name ?? 'computer', input: found.input }] : []
}
