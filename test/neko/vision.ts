import { type ModelEndpoint, type ModelRequest, startModelEndpoint } from '../fixtures/model-endpoint'
import { type Colour, look, type Patch, type Sight } from './sight'
import { NAME, type PageName, TEXT } from './pages'

/** What the model decides, in the words of ShowUI. Positions are 0 to 1 of the picture that it was sent. */
export interface Decision {
  action: string
  value?: string
  position?: [number, number] | [[number, number], [number, number]]
}

type Decided = Decision | string | undefined

export interface Vision extends ModelEndpoint {
  /** What was seen in each picture, in order. */
  sights: Sight[]
  /** Replaces what the model does; undefined: as before. */
  decide: ((sight: Sight, request: ModelRequest) => Decided | Promise<Decided>) | undefined
}

/** How far off the model's guesses are on a whole screen, as models really are; pictures of a part are easier for it. */
const COARSE = 24
/** Width of a picture below which it is of a part of the screen. */
const PART = 700

/**
 * A vision model that really looks: it finds colours in the JPEG that it is sent and answers as ShowUI does. Its guesses on a whole screen
 * are rough when `rough` is set, so that a small target is only hit when the agent looks again, closer.
 */
export function startVision(options: { rough?: boolean } = {}): Vision {
  const sights: Sight[] = []
  const endpoint = startModelEndpoint({
    async decide(request) {
      const image = request.items.flatMap(({ images = [] }) => images).at(-1)
      if (image === undefined) return [{ say: 'There is no picture.' }]
      const sight = await look(Buffer.from(image, 'base64'))
      sights.push(sight)
      const text = request.items.map((item) => item.text).join('\n')
      const decided = (await vision.decide?.(sight, request)) ?? decide(sight, text)
      return [{ say: typeof decided === 'string' ? decided : spoken(options.rough ? rough(decided, sight) : decided) }]
    },
  })
  const vision: Vision = Object.assign(endpoint, { sights, decide: undefined })
  return vision
}

/** What the task is called, and so the page. */
export const TASKS: Record<Exclude<PageName, 'blank' | 'input' | 'flip' | 'motion'>, string> = {
  form: 'Complete the form: write the name into the magenta field, then press the green button.',
  scroll: 'Scroll until the red target is there, and click on it.',
  drag: 'Drag the yellow handle onto the blue place.',
  text: 'Write the text into the magenta field, then press Enter.',
}

const at = ({ x, y }: Patch): [number, number] => [x, y]

function decide({ width, height, patches }: Sight, text: string): Decision {
  const { cyan, magenta, green, red, yellow, blue } = patches
  const covers = (patch: Patch | undefined) => (patch?.pixels ?? 0) > (width * height) / 3
  if (covers(cyan)) return { action: 'ANSWER', value: 'It is done.' }
  if (text.includes(TASKS.form)) {
    if (magenta) return { action: 'INPUT', value: NAME, position: at(magenta) }
    if (green) return { action: 'CLICK', position: at(green) }
  }
  if (text.includes(TASKS.scroll))
    return red ? { action: 'CLICK', position: at(red) } : { action: 'SCROLL', value: 'down', position: [0.5, 0.6] }
  if (text.includes(TASKS.drag) && yellow && blue) return { action: 'SELECT_TEXT', position: [at(yellow), at(blue)] }
  if (text.includes(TASKS.text)) {
    if (magenta) return { action: 'INPUT', value: TEXT, position: at(magenta) }
    if (blue) return { action: 'ENTER' }
  }
  return { action: 'WAIT' }
}

/** A click that is off by up to half a step of a coarse grid, when it is on a picture of the whole screen. */
function rough(decision: Decision, { width }: Sight): Decision {
  const [x, y] = decision.position ?? []
  if (width < PART || typeof x !== 'number' || typeof y !== 'number') return decision
  const off = (value: number) => (Math.floor(value * COARSE) + 0.5) / COARSE
  return { ...decision, position: [off(x), off(y)] }
}

/** As ShowUI writes it: a dictionary of Python. */
function spoken({ action, value, position }: Decision): string {
  const python = (part: unknown): string => (part === undefined ? 'None' : JSON.stringify(part))
  return `{'action': '${action}', 'value': ${python(value)}, 'position': ${python(position)}}`
}

/** The patch of a colour in the picture that was seen last. */
export const lastSeen = (vision: Vision, colour: Colour): Patch | undefined => vision.sights.at(-1)?.patches[colour]
