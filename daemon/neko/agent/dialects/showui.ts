import { annotate, type Mode } from '../actions'
import { findLiterals, type Literal } from '../literal'
import { shares } from '../places'
import { closer, image, paragraphs, quoted, text, user, wordsOf } from '../prompt'
import { isAction, readAction } from '../read'
import { splitThought, unfenced } from '../thought'
import type { Reply } from '../vision'
import type { Ask, Dialect, Edges, Understood } from './dialect'
import { bounded } from './size'

const RANGE = 'position is the pair [[x1,y1],[x2,y2]] of where it begins and where it ends'

const ACTIONS: Record<Mode, readonly string[]> = {
  web: [
    '`CLICK`: Click on an element. value is None, or left, middle or right; position is [x,y].',
    '`INPUT`: Type text into an element. value is the text; position is [x,y].',
    '`SELECT`: Select an element. value is None; position is [x,y].',
    '`HOVER`: Move the pointer over an element. value is None; position is [x,y].',
    '`ANSWER`: Answer the question of the task. value is the answer; position is None.',
    '`ENTER`: Press Enter. value and position are None.',
    '`SCROLL`: Scroll the screen. value is up, down, left or right; position is None.',
    `\`SELECT_TEXT\`: Select text by dragging over it. value is None; ${RANGE}.`,
    '`COPY`: Copy the selected text. value is the text; position is None.',
    '`DONE`: The task is done. value and position are None.',
  ],
  phone: [
    '`INPUT`: Type text into an element. value is the text; position is [x,y].',
    `\`SWIPE\`: Swipe over the screen. value is None; ${RANGE}.`,
    '`TAP`: Tap on an element. value is None; position is [x,y].',
    '`ANSWER`: Answer the question of the task. value is the answer; position is None.',
    '`ENTER`: Press Enter. value and position are None.',
    '`SCROLL`: Scroll the screen. value is up, down, left or right; position is None.',
    '`DONE`: The task is done. value and position are None.',
  ],
}

const system = (mode: Mode): string =>
  [
    `You are an assistant trained to navigate the ${mode} screen.`,
    'Given a task, a picture of the screen and the history of actions, say the next action and wait for the next picture.',
    'The actions are:',
    ...ACTIONS[mode].map((line, index) => `${index + 1}. ${line}`),
    "Write the action as a dictionary with the keys 'action', 'value' and 'position', and nothing else:",
    "{'action': 'ACTION', 'value': 'text', 'position': [x,y]}",
    'What does not apply is None. Positions are relative to the picture, from 0 to 1.',
  ].join('\n')

/** ShowUI: one user message, a dictionary of Python as its answer, positions from 0 to 1. */
export function showui(edges: Edges): Dialect {
  return {
    name: 'showui',
    fit: (picture) => bounded(picture, edges),
    request: (ask) => ({
      messages: [
        user(
          text(system(ask.mode)),
          text(paragraphs(`Task: ${ask.task}`, wordsOf(ask.words), remarks(ask), ask.crop && closer(ask.crop))),
          ...(ask.history.length > 0 ? [text(`Action history: ${past(ask)}`)] : []),
          image(ask.picture),
        ),
      ],
    }),
    read,
  }
}

const past = ({ history }: Ask): string => JSON.stringify(history.flatMap(({ actions }) => actions.map(annotate)))

/** The history of this family has actions only; of what came of them the last is what helps. */
function remarks({ history }: Ask): string {
  const last = history.at(-1)
  const said = history.flatMap(({ words = [] }) => words).map((words) => `A person said: ${quoted(words)}.`)
  return [...said, last?.result ? `After the last action: ${last.result}` : ''].filter((line) => line !== '').join('\n')
}

function read(reply: Reply, ask: Ask): Understood {
  const { said, thought = reply.thought } = splitThought(reply.text)
  const values = findLiterals(unfenced(said)).map(({ value }) => first(value))
  const found = values.find(isAction)
  if (!found) return { thought, problem: "it has no dictionary with the keys 'action', 'value' and 'position'" }
  const { action, problem } = readAction(found, { mode: ask.mode, scale: shares(ask.picture) })
  return action ? { actions: [action], thought } : { thought, problem }
}

/** Of a list the first is what comes next. */
const first = (value: Literal): Literal | undefined => (Array.isArray(value) ? value[0] : value)
