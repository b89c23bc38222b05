import { expect, test } from 'bun:test'
import { Desk, click, type Line, quiet, testSettings } from '../../../test/fixtures/desk'
import { Online } from './online'

interface Room extends AsyncDisposable {
  desk: Desk
  /** A person in the room. */
  ada: string
  write(text: string): void
  /** Resolves once the agent said something with these words in it. */
  heard(words: string): Promise<void>
}

async function room(lines: readonly Line[], tellMs = 10_000): Promise<Room> {
  let online: Online
  const desk = await Desk.open(lines, { ask: (question, signal) => online.ask(question, signal) })
  online = new Online({ open: { client: desk.client, task: desk.task }, settings: testSettings(), log: quiet, tellMs })
  const stop = new AbortController()
  const running = online.run(stop.signal)
  const ada = desk.neko.login('ada').id
  const heard = (words: string) => desk.neko.until(() => desk.said.some((text) => text.includes(words)))
  await heard('I am ready')
  return {
    desk,
    ada,
    write: (text) => desk.neko.chat(ada, text),
    heard,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      await desk[Symbol.asyncDispose]()
    },
  }
}

const answer = (value = 'blue'): Line => [{ action: 'ANSWER', value }]
const count = (said: string[], words: string) => said.filter((text) => text.includes(words)).length

test('a task by chat is begun, answered and finished, and the control is let go of', async () => {
  await using here = await room([[click()], answer()])
  here.write('/TASK find out which colour it is')
  await here.heard('I start with: find out which colour it is')
  await here.heard('Answer: blue')
  await here.heard('Done after 2 steps')
  await here.desk.neko.until(() => here.desk.neko.hostId === null)
  await here.desk.neko.until(() => count(here.desk.said, 'I am ready') === 2)
  expect(here.desk.vision.asked[0]?.task).toBe('find out which colour it is')
})

test('neither other words, nor words that begin alike, nor own words are tasks', async () => {
  await using here = await room([answer()])
  here.write('/tasks are nice')
  here.write('a task for you')
  here.desk.neko.chat(here.desk.client.state.sessionId, '/task mine')
  here.write('/task')
  await here.heard('Write what to do')
  expect(here.desk.vision.asked).toHaveLength(0)
})

test('a task comes by a message to the session, or to all, with its subject', async () => {
  await using here = await room([answer('one'), answer('two'), answer('three')])
  const { neko, client } = here.desk
  neko.send(client.state.sessionId, 'send/unicast', {
    sender: here.ada,
    receiver: client.state.sessionId,
    subject: 'Task',
    body: { text: 'by subject' },
  })
  await here.heard('Answer: one')
  await here.heard('Done after 1 step')
  neko.send('*', 'send/broadcast', { sender: here.ada, subject: 'x', body: '/task by prefix' })
  await here.heard('Answer: two')
  neko.send('*', 'send/broadcast', { sender: here.ada, subject: 'gossip', body: 'no task' })
  expect(here.desk.vision.asked.map(({ task }) => task)).toEqual(['by subject', 'by prefix'])
})

test('one task waits, a newer one takes its place, and both are told', async () => {
  const gate = Promise.withResolvers<void>()
  await using here = await room([
    async () => {
      await gate.promise
      return [{ action: 'ANSWER', value: 'first' }]
    },
    answer('last'),
  ])
  here.write('/task one')
  await here.heard('I start with: one')
  here.write('/task two')
  await here.heard('Yours is next: two')
  here.write('/task three')
  await here.heard('your task “two” is replaced')
  gate.resolve()
  await here.heard('I start with: three')
  await here.heard('Answer: last')
  expect(count(here.desk.said, 'I start with: two')).toBe(0)
})

test('a task is stopped, and said to be', async () => {
  await using here = await room([[{ action: 'WAIT', seconds: 60 }]])
  here.write('/stop')
  await here.heard('I have nothing to do now')
  here.write('/task wait')
  await here.desk.until('action')
  here.write('/status')
  await here.heard('Step 1 of 8.')
  here.write('/stop')
  await here.heard('It ended after 1 step (stopped)')
})

test('a task is paused and goes on', async () => {
  await using here = await room([
    async () => {
      here.write('/pause')
      await here.heard('Paused.')
      return [click()]
    },
    answer(),
  ])
  here.write('/task click')
  await here.desk.until('waiting')
  here.write('/status')
  await here.heard('ada has paused the task')
  here.write('/resume')
  await here.heard('Done after')
})

test('a person who takes the control is told so, and the word to go on asks for it again', async () => {
  await using here = await room([
    () => {
      here.desk.neko.setHost(here.ada)
      return [click()]
    },
    answer(),
  ])
  here.write('/task click')
  await here.heard('ada took over')
  const asked = here.desk.neko.got('control/request').length
  here.write('/resume')
  await here.desk.neko.next('control/request', asked + 1)
  here.desk.neko.setHost(null)
  await here.heard('Answer: blue')
})

test('a wait for the control is told when it takes long', async () => {
  await using here = await room([answer()], 50)
  here.desk.neko.setHost(here.ada)
  here.write('/task look')
  await here.heard('ada steers. I wait')
  here.desk.neko.setHost(null)
  await here.heard('Answer: blue')
}, 15_000)

test('the first answer to a question counts; a command is none', async () => {
  await using here = await room([[{ action: 'ASK', value: 'Which one?' }], answer()])
  here.write('/task choose')
  await here.heard('Which one?')
  here.write('/status')
  await here.heard('I wait for an answer: Which one?')
  here.write('Action: {"action":"CLICK"}')
  here.write('the red one')
  await here.heard('Answer: blue')
  expect(here.desk.vision.asked[1]?.words).toEqual(['the red one'])
})
