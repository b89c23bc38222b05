import { expect, test } from 'bun:test'
import { type DaemonUnderTest, inPlace, makeScriptedAgent, startDaemon, startServer } from '../e2e/harness'
import { script } from '../fixtures/model/script'
import { type Found, carrying } from '../setup/processes'
import { times } from './counts'
import { answeredOnce, settled } from './turns'

const KILLS = times(20)
const AGENTS = ['ann', 'bob', 'cleo']

/** A turn that takes about 0.2 s: it says something, runs a program, and gives its answer in pieces. */
const turn = (answer: string): string =>
  script([
    { say: 'I am looking. ' },
    { tool: 'shell', input: { command: 'sleep 0.1' } },
    { say: answer, chunks: 3, delayMs: 30 },
  ])

/** The agents' processes, and what they started. */
const agentProcesses = (daemon: DaemonUnderTest): Found[] =>
  carrying(daemon.home).filter(({ pid }) => pid !== daemon.program.pid)

test(
  `after ${KILLS} kills of the daemon in the middle of turns each turn is answered exactly once, and no process of an agent is left`,
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const admin = await server.admin()
      const daemon = await startDaemon(place, server)
      for (const name of AGENTS) await makeScriptedAgent(server, { name, computerId: daemon.computerId })
      let turns = 0
      let again = 0
      let orphans = 0
      for (let round = 0; round < KILLS; round++) {
        const asked = await Promise.all(
          AGENTS.map(async (name) => {
            const answer = `${name}-${round}`
            const content = `@${name} ${turn(answer)}`
            const { message } = await admin.call('POST /api/messages', { body: { target: '#general', content } })
            return { answer, message }
          }),
        )
        await Bun.sleep(Math.random() * 500)
        await daemon.killHard()
        const before = agentProcesses(daemon)
        orphans += before.length
        await daemon.start()
        const deliveries = await settled(
          admin,
          asked.map(({ message }) => message.id),
        )
        for (const { answer, message } of asked) {
          if ((await answeredOnce(admin, message, deliveries, answer)) > 1) again++
          turns++
        }
        const now = new Set(agentProcesses(daemon).map(({ pid }) => pid))
        expect(before.filter(({ pid }) => now.has(pid))).toEqual([])
      }
      expect(await daemon.stop()).toBe(0)
      expect(carrying(daemon.home)).toEqual([])
      console.log(
        `${KILLS} kills: ${turns} turns, each answered once (${again} in a second attempt); ${orphans} processes had outlived the daemon, none is left`,
      )
    }),
  600_000,
)
