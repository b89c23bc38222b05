import { describe, expect, test } from 'bun:test'
import type { ModelMessage } from 'ai'
import type { Action, Mode } from '../actions'
import type { PastStep, Reply } from '../vision'
import { chooseDialect } from './choose'
import { computerTool } from './claude'
import type { Ask, Dialect } from './dialect'

const EDGES = { shortestEdge: 224, longestEdge: 1344 }
const SCREEN = { width: 1280, height: 720 }
const JPEG = new Uint8Array([0xff, 0xd8])

const make = (model: string, type = 'auto' as Parameters<typeof chooseDialect>[0]): Dialect =>
  chooseDialect(type, model, model.startsWith('claude') ? 'anthropic' : 'openai-compatible', EDGES)
const shot = (dialect: Dialect) => ({ jpeg: JPEG, ...dialect.fit(SCREEN) })
const ask = (dialect: Dialect, more: Partial<Ask> = {}): Ask => ({
  task: 'Find the weather',
  mode: 'web',
  history: [],
  picture: shot(dialect),
  isLast: false,
  ...more,
})
const said = (text: string, calls: Reply['calls'] = []): Reply => ({ text, calls })
const tool = (input: unknown, name = 'computer'): Reply => ({ text: '', calls: [{ id: 'c1', name, input }] })
const read = (dialect: Dialect, reply: Reply, mode: Mode = 'web') => dialect.read(reply, ask(dialect, { mode }))
const near = (x: number, y: number) => ({ x: expect.closeTo(x, 2), y: expect.closeTo(y, 2) })

describe('the dialect of a model', () => {
  test.each([
    ['showlab/ShowUI-2B', 'showui'],
    ['qwen/qwen2.5-vl-72b-instruct', 'qwen25vl'],
    ['Qwen2.5-VL-7B-Instruct-AWQ', 'qwen25vl'],
    ['qwen2.5vl:7b', 'qwen25vl'],
    ['Qwen/Qwen3-VL-8B-Instruct', 'qwen3vl'],
    ['qwen3-vl:4b', 'qwen3vl'],
    ['Qwen2-VL-7B', 'qwen3vl'],
    ['ByteDance-Seed/UI-TARS-1.5-7B', 'uitars'],
    ['claude-sonnet-4-5', 'claude (computer_20250124)'],
    ['anthropic/claude-3.5-sonnet', 'computer'],
    ['gpt-5.5', 'computer'],
    ['scripted', 'computer'],
  ])('%s speaks %s', (model, name) => expect(make(model).name).toBe(name))

  test('what is set goes before the name', () => {
    expect(make('scripted', 'showui').name).toBe('showui')
    expect(make('scripted', 'qwen25vl').name).toBe('qwen25vl')
    expect(make('scripted', 'qwen').name).toBe('qwen3vl')
    expect(make('qwen2.5-vl', 'openai').name).toBe('computer')
    expect(make('claude-sonnet-4-5', 'openai').name).toBe('computer')
    // Its own tool is there at its own API only.
    expect(make('anthropic/claude-3.5-sonnet', 'claude').name).toBe('computer')
  })

  test.each([
    ['claude-3-5-sonnet-20241022', '20241022'],
    ['claude-3-7-sonnet-20250219', '20250124'],
    ['claude-sonnet-4-20250514', '20250124'],
    ['claude-opus-4-1', '20250124'],
    ['claude-sonnet-4-5-20250929', '20250124'],
    ['claude-haiku-4-5', '20250124'],
    ['claude-opus-4-5-20251101', '20251124'],
    ['claude-opus-4-7', '20251124'],
    ['claude-sonnet-4-6', '20251124'],
    ['claude-opus-4-8', '20260801'],
    ['claude-sonnet-5', '20260801'],
    ['claude-opus-5-5', '20260801'],
  ] as const)('%s has the computer tool of %s', (model, version) => expect(computerTool(model)).toBe(version))
})

describe('pictures', () => {
  test.each([
    ['showui', { width: 1280, height: 720 }],
    ['qwen2.5-vl', { width: 1288, height: 728 }],
    ['qwen3-vl', { width: 1280, height: 736 }],
    ['ui-tars-1.5-7b', { width: 1288, height: 728 }],
    ['claude-sonnet-4-5', { width: 1280, height: 720 }],
    ['gpt-5.5', { width: 1280, height: 720 }],
  ])('%s is sent a screen of 1280x720 as %j', (model, size) => expect(make(model).fit(SCREEN)).toEqual(size))

  test.each(['showui', 'qwen2.5-vl', 'qwen3-vl', 'ui-tars-1.5-7b', 'claude-sonnet-4-5', 'gpt-5.5'])(
    '%s is sent every size in one that it leaves as it is',
    (model) => {
      const dialect = make(model)
      for (const screen of [
        { width: 32, height: 32 },
        { width: 1920, height: 1080 },
        { width: 800, height: 2400 },
        { width: 3840, height: 2160 },
      ]) {
        const fitted = dialect.fit(screen)
        expect(dialect.fit(fitted)).toEqual(fitted)
        expect(Math.max(fitted.width, fitted.height)).toBeLessThanOrEqual(1344)
      }
    },
  )
})

const CLICK = (x: number, y: number) => ({ action: 'CLICK' as const, button: 'left' as const, position: near(x, y) })

describe('replies of ShowUI', () => {
  const showui = make('showui')
  test.each([
    ['as it was trained', "{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}"],
    ['as JSON', '{"action": "CLICK", "value": null, "position": [0.49, 0.42]}'],
    ['in a fence', "```python\n{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}\n```"],
    [
      'of several',
      "[{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}, {'action': 'ENTER', 'value': None, 'position': None}]",
    ],
    [
      'with several after each other',
      "{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}, {'action': 'ENTER', 'value': None, 'position': None}",
    ],
    [
      'after thinking',
      "<think>The {'action': 'HOVER'} is wrong.</think>{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}",
    ],
    ['with words around it', "Action: {'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]}<|im_end|>"],
    ['in pixels', "{'action': 'CLICK', 'value': None, 'position': [627, 302]}"],
    ['in per cent', "{'action': 'CLICK', 'value': None, 'position': ['49%', '42%']}"],
    ['cut off by a bracket', "{'action': 'CLICK', 'value': None, 'position': [0.49, 0.42]"],
  ])('%s', (_, text) => expect(read(showui, said(text)).actions).toEqual([CLICK(0.49, 0.42)]))

  test.each([
    ['There is nothing to click on.', 'no dictionary'],
    ["{'action': 'CLICK', 'value': None, 'position': [0.49, 0.", 'no dictionary'],
    ["{'action': 'JUMP', 'value': None, 'position': None}", 'JUMP is no action'],
    ["{'action': 'CLICK', 'value': None, 'position': [17000, 3]}", 'outside'],
    ['', 'no dictionary'],
  ])('%j is not understood, and why is said', (text, problem) =>
    expect(read(showui, said(text)).problem).toContain(problem),
  )

  test('it is asked in one message, with what was done', () => {
    const history: PastStep[] = [
      {
        number: 1,
        actions: [{ action: 'CLICK', button: 'left', position: { x: 0.5, y: 0.25 } }],
        reply: said(''),
        result: 'The screen did not change.',
        words: ['Hurry.'],
      },
    ]
    const { messages, system, tools } = showui.request(ask(showui, { history, words: ['Use the other button.'] }))
    expect([messages.length, system, tools]).toEqual([1, undefined, undefined])
    const text = textOf(messages)
    expect(text).toContain('Task: Find the weather')
    expect(text).toContain('Action history: [{"action":"CLICK","value":null,"position":[0.5,0.25]}]')
    expect(text).toContain('The screen did not change.')
    expect(text).toContain('Use the other button.')
    expect(text).toContain('`SELECT_TEXT`')
    expect(text).not.toContain('`TAP`')
    expect(textOf(showui.request(ask(showui, { mode: 'phone' })).messages)).toContain('`TAP`')
    expect(imagesOf(messages)).toBe(1)
  })
})

describe('replies of Qwen', () => {
  const pixel = make('qwen2.5-vl')
  const relative = make('qwen3-vl')
  const call = (name: string, input: object) =>
    `<tool_call>\n${JSON.stringify({ name, arguments: input })}\n</tool_call>`

  test('2.5 measures in pixels of the picture that it was sent', () => {
    const reply = said(call('computer_use', { action: 'left_click', coordinate: [644, 546] }))
    expect(read(pixel, reply).actions).toEqual([CLICK(0.5, 0.75)])
  })

  test('3 measures in thousandths', () => {
    const reply = said(call('computer_use', { action: 'left_click', coordinate: [500, 750] }))
    expect(read(relative, reply).actions).toEqual([CLICK(0.5, 0.75)])
  })

  test.each<[string, Reply]>([
    ['without tags', said('{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [500, 750]}}')],
    ['without the name', said('{"action": "left_click", "coordinate": [500, 750]}')],
    [
      'with the arguments as text',
      said('{"name": "computer_use", "arguments": "{\\"action\\": \\"left_click\\", \\"coordinate\\": [500, 750]}"}'),
    ],
    [
      'with one brace too many',
      said(
        '<tool_call>\n{"name": "computer_use", "arguments": {"action": "left_click", "coordinate": [500, 750]}}}\n</tool_call>',
      ),
    ],
    ['as a call that the server made of it', tool({ action: 'left_click', coordinate: [500, 750] }, 'computer_use')],
    [
      'as a call with its arguments as text',
      tool('{"action": "left_click", "coordinate": [500, 750]}', 'computer_use'),
    ],
    ['as JSON with a box', said('{"action": "left_click", "bbox_2d": [400, 700, 600, 800]}')],
  ])('%s', (_, reply) => expect(read(relative, reply).actions).toEqual([CLICK(0.5, 0.75)]))

  test('what it says before the call is its thought', () => {
    const { thought } = read(
      relative,
      said(`Thought: The button is red.\n${call('computer_use', { action: 'screenshot' })}`),
    )
    expect(thought).toBe('The button is red.')
  })

  test('a phone has the other function', () => {
    const reply = said(call('mobile_use', { action: 'swipe', coordinate: [500, 800], coordinate2: [500, 200] }))
    expect(read(relative, reply, 'phone').actions).toEqual([
      { action: 'SWIPE', from: near(0.5, 0.8), to: near(0.5, 0.2) },
    ])
    expect(relative.request(ask(relative, { mode: 'phone' })).system).toContain('mobile_use')
  })

  test('the measure is part of what it is told', () => {
    expect(pixel.request(ask(pixel)).system).toContain('1288x728')
    expect(relative.request(ask(relative)).system).toContain('1000x1000')
  })

  test('talk is no action', () => expect(read(relative, said('I cannot do that.')).problem).toContain('<tool_call>'))
})

describe('replies of UI-TARS', () => {
  const pixel = make('UI-TARS-1.5-7B')
  const relative = make('UI-TARS-7B-DPO')
  test.each<[string, Dialect, string]>([
    ['of 1.5, in pixels of the picture', pixel, "Thought: I see it.\nAction: click(start_box='(644,546)')"],
    ['of 1.0, in thousandths', relative, "Thought: I see it.\nAction: click(start_box='(500,750)')"],
    [
      'of 2, with points',
      make('doubao-1.5-ui-tars'),
      "Thought: I see it.\nAction: click(point='<point>500 750</point>')",
    ],
    [
      'with tokens of boxes',
      relative,
      "Thought: I see it.\nAction: click(start_box='<|box_start|>(500,750)<|box_end|>')",
    ],
    ['with a box', relative, "Thought: I see it.\nAction: click(start_box='[400, 700, 600, 800]')"],
    ['without quotes', relative, 'Thought: I see it.\nAction: click(start_box=(500,750))'],
    ['with two actions', relative, "Thought: I see it.\nAction: click(start_box='(500,750)')\n\nwait()"],
  ])('%s', (_, dialect, text) => {
    expect(read(dialect, said(text))).toEqual({ actions: [CLICK(0.5, 0.75)], thought: 'I see it.' })
  })

  test.each<[string, Action]>([
    ["type(content='hello\\n')", { action: 'INPUT', value: 'hello\n' }],
    ["type(content='it\\'s \"so\"')", { action: 'INPUT', value: 'it\'s "so"' }],
    ["type(content='it's (very) so')", { action: 'INPUT', value: "it's (very) so" }],
    ["hotkey(key='ctrl shift t')", { action: 'KEY', keys: ['Ctrl+Shift+t'] }],
    ['wait()', { action: 'WAIT', seconds: 5 }],
    ["finished(content='It rains.')", { action: 'DONE', value: 'It rains.' }],
    ['finished()', { action: 'DONE' }],
    [
      "scroll(start_box='(500,500)', direction='down')",
      { action: 'SCROLL', direction: 'down', amount: 2, position: { x: 0.5, y: 0.5 } },
    ],
    [
      "drag(start_box='(100,200)', end_box='(300,400)')",
      { action: 'DRAG', from: { x: 0.1, y: 0.2 }, to: { x: 0.3, y: 0.4 } },
    ],
    ["left_double(start_box='(100,200)')", { action: 'DOUBLE_CLICK', position: { x: 0.1, y: 0.2 } }],
    ["right_single(start_box='(100,200)')", { action: 'CLICK', button: 'right', position: { x: 0.1, y: 0.2 } }],
  ])('%s', (text, action) => expect(read(relative, said(`Thought: x\nAction: ${text}`)).actions).toEqual([action]))

  test('when it calls for a person, its thought is the question', () => {
    expect(read(pixel, said('Thought: It wants a password.\nAction: call_user()')).actions).toEqual([
      { action: 'ASK', value: 'It wants a password.' },
    ])
  })

  test('a call without a name for it is not understood', () => {
    expect(read(pixel, said('Thought: I do not know.')).problem).toContain('no line')
    expect(read(pixel, said('Thought: x\nAction: fly(high=1)')).problem).toContain('FLY is no action')
  })

  test('it is shown the last pictures as a conversation, and what was before as text', () => {
    const step = (number: number, seen: boolean): PastStep => ({
      number,
      actions: [{ action: 'ENTER' }],
      reply: said(`Thought: ${number}\nAction: hotkey(key='enter')`),
      result: `It did ${number}.`,
      ...(seen ? { picture: shot(pixel) } : {}),
    })
    const { messages } = pixel.request(ask(pixel, { history: [step(1, false), step(2, true), step(3, true)] }))
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user'])
    expect(textOf(messages.slice(0, 1))).toContain(
      'Step 1: {"action":"ENTER","value":null,"position":null} (It did 1.)',
    )
    expect(textOf(messages.slice(2, 3))).toBe('It did 2.')
    expect(textOf(messages.slice(4))).toBe('It did 3.')
    expect(imagesOf(messages)).toBe(3)
  })
})

describe('replies with calls of tools', () => {
  const claude = make('claude-sonnet-4-5')
  const gpt = make('gpt-5.5')

  test('Claude measures in pixels of the picture that it was sent', () => {
    const reply = tool({ action: 'left_click', coordinate: [640, 540] })
    expect(read(claude, reply).actions).toEqual([CLICK(0.5, 0.75)])
    const large = { ...ask(claude), picture: { jpeg: JPEG, ...claude.fit({ width: 3840, height: 2160 }) } }
    expect(claude.read(tool({ action: 'left_click', coordinate: [672, 567] }), large).actions).toEqual([
      CLICK(0.5, 0.75),
    ])
  })

  test('others measure in thousandths', () => {
    expect(read(gpt, tool({ action: 'left_click', coordinate: [500, 750] })).actions).toEqual([CLICK(0.5, 0.75)])
  })

  test('several calls are several actions, up to the first that is none', () => {
    const calls = [
      { id: 'a', name: 'computer', input: { action: 'left_click', coordinate: [500, 750] } },
      { id: 'b', name: 'computer', input: { action: 'type', text: 'hello' } },
      { id: 'c', name: 'computer', input: { action: 'zoom' } },
      { id: 'd', name: 'computer', input: { action: 'key', text: 'Return' } },
    ]
    expect(read(gpt, said('I type it.', calls))).toEqual({
      actions: [CLICK(0.5, 0.75), { action: 'INPUT', value: 'hello' }],
      thought: 'I type it.',
    })
    expect(read(gpt, said('', calls.slice(2))).problem).toContain('there is no zoom')
  })

  test('a drag after a click in the same reply begins where that was', () => {
    const calls = [
      { id: 'a', name: 'computer', input: { action: 'mouse_move', coordinate: [100, 100] } },
      { id: 'b', name: 'computer', input: { action: 'left_click_drag', coordinate: [500, 500] } },
    ]
    expect(read(gpt, said('', calls)).actions?.[1]).toEqual({
      action: 'DRAG',
      from: { x: 0.1, y: 0.1 },
      to: { x: 0.5, y: 0.5 },
    })
  })

  test.each<[Reply, Action]>([
    [tool({ answer: 'It rains.', success: true }, 'finish'), { action: 'ANSWER', value: 'It rains.' }],
    [tool({ answer: 'No way in.', success: false }, 'finish'), { action: 'DONE', value: 'No way in.', failed: true }],
    [tool({ question: 'Which one?' }, 'ask_person'), { action: 'ASK', value: 'Which one?' }],
    [tool('{"action": "wait", "duration": 3}'), { action: 'WAIT', seconds: 3 }],
    [said('{"name": "computer", "arguments": {"action": "wait", "duration": 3}}'), { action: 'WAIT', seconds: 3 }],
    [
      said(
        '{"type": "function", "function": {"name": "computer", "arguments": "{\\"action\\": \\"wait\\", \\"duration\\": 3}"}}',
      ),
      { action: 'WAIT', seconds: 3 },
    ],
    [said('```json\n{"action": "wait", "duration": 3}\n```'), { action: 'WAIT', seconds: 3 }],
  ])('%j', (reply, action) => expect(read(gpt, reply).actions).toEqual([action]))

  test('talk is asked about once, and then it is the answer', () => {
    expect(read(gpt, said('It rains.')).problem).toContain('calls no tool')
    expect(gpt.read(said('It rains.'), ask(gpt, { isLast: true })).actions).toEqual([
      { action: 'ANSWER', value: 'It rains.' },
    ])
    expect(gpt.read(said(''), ask(gpt, { isLast: true })).problem).toContain('calls no tool')
  })

  test.each([
    [claude, ['user', 'assistant', 'tool', 'assistant', 'tool']],
    [gpt, ['user', 'assistant', 'tool', 'user', 'assistant', 'tool', 'user']],
  ])('steps are a conversation of calls and results', (dialect, roles) => {
    const step = (number: number): PastStep => ({
      number,
      actions: [{ action: 'ENTER' }],
      reply: {
        text: '',
        calls: [
          { id: `c${number}`, name: 'computer', input: { action: 'key', text: 'Return' } },
          { id: `d${number}`, name: 'computer', input: { action: 'wait' } },
        ],
      },
      result: `It did ${number}.`,
      picture: shot(dialect),
    })
    const { messages, tools } = dialect.request(ask(dialect, { history: [step(1), step(2)] }))
    expect(messages.map(({ role }) => role as string)).toEqual(roles)
    expect(imagesOf(messages)).toBe(3)
    expect(textOf(messages)).toContain('Not carried out. It did 2.')
    expect(Object.keys(tools ?? {})).toEqual(['computer', 'finish', 'ask_person'])
  })
})

test.each(['showui', 'qwen2.5-vl', 'qwen3-vl', 'ui-tars-1.5-7b', 'claude-sonnet-4-5', 'gpt-5.5'])(
  '%s is told of a closer look, and what for',
  (model) => {
    const dialect = make(model)
    const crop = {
      box: { x: 0, y: 0, width: 640, height: 360 },
      screen: SCREEN,
      refines: { action: 'INPUT' as const, value: 'hello', position: { x: 0.1, y: 0.1 } },
    }
    const text = textOf(dialect.request(ask(dialect, { crop })).messages)
    expect(text).toContain('closer look')
    expect(text).toContain('25 %')
    expect(text).toContain('{"action":"INPUT","value":"hello"}')
  },
)

function partsOf(messages: readonly ModelMessage[]): object[] {
  const deep = (part: unknown): object[] => {
    if (Array.isArray(part)) return part.flatMap(deep)
    if (typeof part !== 'object' || part === null) return []
    if ('output' in part) return deep(part.output)
    return 'value' in part && 'type' in part && part.type === 'content' ? deep(part.value) : [part]
  }
  return messages.flatMap(({ content }) => (typeof content === 'string' ? [{ text: content }] : deep(content)))
}
const textOf = (messages: readonly ModelMessage[]): string =>
  partsOf(messages)
    .map((part) => ('text' in part ? String(part.text) : 'value' in part ? String(part.value) : ''))
    .filter((text) => text !== '')
    .join('\n')
const imagesOf = (messages: readonly ModelMessage[]): number =>
  partsOf(messages).filter((part) => 'data' in part).length
