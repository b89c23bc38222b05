import { expect, test } from 'bun:test'
import type { Message } from '@shared/contract'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Place, type ServerUnderTest, inPlace, makeScriptedAgent, startDaemon, startServer } from '../e2e/harness'
import { script } from '../fixtures/model/script'
import { carrying } from '../setup/processes'
import { times } from './counts'
import { Network, Weather } from './network'
import { answeredOnce, settled } from './turns'

const AGENTS = ['ann', 'bob', 'cleo']

/** How often each happens. A silent network is noticed only by waiting, so it comes less often. */
const CUTS: Record<Exclude<Weather, 'open'>, number> = {
  refused: times(20),
  silent: times(4),
  'requests lost': times(4),
  'answers lost': times(4),
}

/** A turn of about 0.2 s whose tool leaves a line in a file, by which it is seen how often the turn was really worked on. */
const turn = (answer: string, file: string): string =>
  script([
    { say: 'I am looking. ' },
    { tool: 'shell', input: { command: `sleep 0.1; echo ${answer} >> ${file}` } },
    { say: answer, chunks: 3, delayMs: 30 },
  ])

/** A computer with three agents, behind a network of its own that has this weather again and again. */
async function computerIn(
  weather: Weather,
  rounds: number,
  place: Place,
  server: ServerUnderTest,
): Promise<{ turns: number; connections: number }> {
  const admin = await server.admin()
  const id = weather.replaceAll(' ', '-')
  const { target } = await admin.call('POST /api/channels', { body: { name: id } })
  await using network = await Network.to(server.port)
  const daemon = await startDaemon(place, server, { name: id, serverUrl: `http://127.0.0.1:${network.port}` })
  for (const name of AGENTS)
    await makeScriptedAgent(server, { name: `${name}-${id}`, computerId: daemon.computerId, channels: [target] })
  const file = join(place.dir, `worked-${id}`)
  const expected: string[] = []
  const ask = async (name: string): Promise<{ answer: string; message: Message }> => {
    const answer = `${name}-${expected.length}`
    expected.push(answer)
    const content = `@${name}-${id} ${turn(answer, file)}`
    const { message } = await admin.call('POST /api/messages', { body: { target, content } })
    return { answer, message }
  }

  for (let round = 0; round < rounds; round++) {
    const asked = [await ask('ann'), await ask('bob')]
    await Bun.sleep(Math.random() * 400)
    network.set(weather)
    asked.push(await ask('cleo'))
    await Bun.sleep(Math.random() * 1000)
    network.set('open')
    const deliveries = await settled(
      admin,
      asked.map(({ message }) => message.id),
    )
    for (const { answer, message } of asked)
      expect([weather, await answeredOnce(admin, message, deliveries, answer)]).toEqual([weather, 1])
  }
  const worked = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  expect(worked.toSorted()).toEqual(expected.toSorted())
  expect(await daemon.stop()).toBe(0)
  expect(carrying(daemon.home)).toEqual([])
  return { turns: expected.length, connections: network.connections }
}

test(
  'whatever happens to the network between server and daemons, each turn is worked on and answered exactly once',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const told = await Promise.all(
        Object.entries(CUTS).map(async ([name, rounds]) => {
          const { turns, connections } = await computerIn(Weather.parse(name), rounds, place, server)
          return `${rounds} × ${name}: ${turns} turns, each worked on once and answered once, over ${connections} connections`
        }),
      )
      console.log(told.join('\n'))
    }),
  1_200_000,
)
