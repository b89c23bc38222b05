import type { ModelMessage } from 'ai'
import type { Mode } from '../actions'
import type { Literal } from '../literal'
import { pixels, thousandths } from '../places'
import { closer, CONDUCT, image, paragraphs, pastLine, pointerOf, text, user, wordsOf } from '../prompt'
import { readAction } from '../read'
import { splitThought, unfenced } from '../thought'
import type { PastStep, Reply } from '../vision'
import type { Ask, Dialect, Edges, Understood } from './dialect'
import { bounded, smartSize } from './size'

const ACTIONS: Record<Mode, readonly string[]> = {
  web: [
    "click(start_box='(x,y)')",
    "left_double(start_box='(x,y)')",
    "right_single(start_box='(x,y)')",
    "drag(start_box='(x1,y1)', end_box='(x2,y2)')",
    "hotkey(key='ctrl c') # Names of keys with blanks between, in lower case.",
    "type(content='') # A \\n at the end submits what was typed.",
    "scroll(start_box='(x,y)', direction='down or up or right or left')",
    'wait() # Waits for 5 seconds and looks again.',
    "finished(content='') # The task is done, or cannot be done; the content is the answer.",
    'call_user() # The task needs a person.',
  ],
  phone: [
    "click(start_box='(x,y)')",
    "long_press(start_box='(x,y)')",
    "type(content='') # A \\n at the end submits what was typed.",
    "scroll(start_box='(x,y)', direction='down or up or right or left')",
    "drag(start_box='(x1,y1)', end_box='(x2,y2)')",
    'press_home()',
    'press_back()',
    'wait() # Waits for 5 seconds and looks again.',
    "finished(content='') # The task is done, or cannot be done; the content is the answer.",
    'call_user() # The task needs a person.',
  ],
}

const system = (mode: Mode, task: string): string =>
  [
    'You are a GUI agent. You are given a task and your action history, with screenshots. You need to perform the next action to complete the task.',
    '## Output Format\n```\nThought: ...\nAction: ...\n```',
    `## Action Space\n${ACTIONS[mode].join('\n')}`,
    `## Note\n- In \`Thought\`, say in one or two sentences what you see and what you do next.\n${CONDUCT.replaceAll(/^/gm, '- ')}`,
    `## User Instruction\n${task}`,
  ].join('\n\n')

/**
 * UI-TARS: a conversation of pictures and of `Thought: … Action: click(start_box='(x,y)')`.
 *
 * @param measure what its positions are in: pixels of the picture as Qwen2.5-VL's processor makes it (version 1.5), or 0 to 1000 (1.0 and 2)
 */
export function uitars(edges: Edges, measure: 'pixels' | 'thousandths' = 'pixels'): Dialect {
  return {
    name: 'uitars',
    fit: (picture) =>
      smartSize(bounded(picture, edges), { factor: 28, minPixels: 100 * 28 * 28, maxPixels: 16_384 * 28 * 28 }),
    request: (ask) => ({ messages: conversation(ask) }),
    read: (reply, ask) => read(reply, ask, measure),
  }
}

/** Steps without their picture stay as text: a conversation in which the same side speaks twice breaks this family's template. */
function conversation(ask: Ask): ModelMessage[] {
  const first = ask.history.findIndex(({ picture }) => picture)
  const asText = first < 0 ? ask.history : ask.history.slice(0, first)
  const shown = first < 0 ? [] : ask.history.slice(first)
  const intro = text(
    paragraphs(
      system(ask.mode, ask.task),
      asText.length > 0 && `## Earlier steps\n${asText.map(pastLine).join('\n')}`,
      ask.crop && closer(ask.crop),
    ),
  )
  const messages: ModelMessage[] = []
  for (const [index, step] of shown.entries())
    messages.push(turn(index === 0 ? intro : undefined, shown[index - 1], step.words, step.picture), said(step))
  messages.push(turn(shown.length === 0 ? intro : undefined, ask.history.at(-1), ask.words, ask.picture))
  return messages
}

function turn(
  intro: ReturnType<typeof text> | undefined,
  before: PastStep | undefined,
  words: Ask['words'],
  picture: PastStep['picture'],
): ModelMessage {
  const remarks = paragraphs(before?.result, wordsOf(words))
  return user(
    ...(intro ? [intro] : []),
    ...(remarks === '' ? [] : [text(remarks)]),
    ...(picture ? [image(picture)] : [text('(The picture is left out.)')]),
  )
}

const said = ({ reply }: PastStep): ModelMessage => ({ role: 'assistant', content: reply.text || 'Action: wait()' })

function read(reply: Reply, ask: Ask, measure: 'pixels' | 'thousandths'): Understood {
  const { said: whole, thought: hidden = reply.thought } = splitThought(reply.text)
  const plain = unfenced(whole)
  const thought = /Thought:\s*([\s\S]*?)(?=\s*Action:|$)/i.exec(plain)?.[1]?.trim() || hidden
  const call = findCall(/Action:\s*([\s\S]*)$/i.exec(plain)?.[1] ?? plain)
  if (!call) return { thought, problem: "it has no line `Action: name(argument='value')`" }
  const fields: { [key: string]: Literal } = { ...DEFAULTS[call.name], ...call.arguments, action: call.name }
  if (call.name === 'call_user' && thought) fields.content ??= thought
  const scale = measure === 'pixels' ? pixels(ask.picture) : thousandths
  const { action, problem } = readAction(fields, {
    mode: ask.mode,
    scale,
    adapts: true,
    pointer: pointerOf(ask.history),
  })
  return action ? { actions: [action], thought } : { thought, problem }
}

const DEFAULTS: Record<string, { [key: string]: Literal }> = { wait: { seconds: 5 }, scroll: { amount: 2 } }

interface Call {
  name: string
  arguments: { [key: string]: Literal }
}

/** The first call in the text: `click(start_box='(12,34)')`. */
export function findCall(source: string): Call | undefined {
  const open = /([a-z]\w*)\s*\(/i.exec(source)
  if (!open?.[1]) return undefined
  const rest = source.slice(open.index + open[0].length)
  const values: { [key: string]: Literal } = {}
  // A quote ends the value only before a comma with the next name, or the closing bracket: what is typed may have quotes in it.
  for (const [, name = '', , quoted, bare] of rest.matchAll(
    /\s*,?\s*([a-z]\w*)\s*=\s*(?:(["'])((?:\\[\s\S]|(?!\2\s*(?:,\s*[a-z]\w*\s*=|\)))[\s\S])*)\2|(\([^)]*\)|\[[^\]]*\]|[^,)'"]+))/giy,
  ))
    values[name.toLowerCase()] = quoted === undefined ? (bare ?? '').trim() : unescaped(quoted)
  return { name: open[1].toLowerCase(), arguments: values }
}

const unescaped = (value: string): string =>
  value.replaceAll(/\\([\s\S])/g, (_, char: string) => ({ n: '\n', t: '\t', r: '\r' })[char] ?? char)
