import { expect, test } from 'bun:test'
import type { Delivery, Message } from '@shared/contract'
import {
  type Caller,
  type DaemonUnderTest,
  eventually,
  inPlace,
  makeScriptedAgent,
  startDaemon,
  startServer,
} from '../e2e/harness'
import { script } from '../fixtures/model/script'
import { type Found, carrying } from '../setup/processes'
import { times } from './counts'

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

async function settled({ call }: Caller, messageIds: string[]): Promise<Delivery[]> {
  return eventually(
    async () => {
      const pages = await Promise.all(
        messageIds.map((messageId) => call('GET /api/deliveries', { query: { messageId } })),
      )
      const deliveries = pages.flatMap((page) => page.items)
      const open = deliveries.some(({ state }) => state === 'pending' || state === 'claimed')
      return !open && deliveries.length === messageIds.length && deliveries
    },
    { what: 'every turn is over', seconds: 120 },
  )
}

const answersTo = async ({ call }: Caller, message: Message): Promise<Message[]> => {
  const { items } = await call('GET /api/messages', { query: { target: message.target, threadId: message.id } })
  return items.filter(({ sender }) => sender.kind === 'agent')
}

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
          AGENTS.map((name) => {
            const content = `@${name} ${turn(`${name}-${round}`)}`
            return admin.call('POST /api/messages', { body: { target: '#general', content } })
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
        for (const { message } of asked) {
          const delivery = deliveries.find(({ messageId }) => messageId === message.id)!
          const name = AGENTS.find((agent) => message.content.startsWith(`@${agent} `))!
          const answers = await answersTo(admin, message)
          expect(answers.map(({ content }) => content)).toEqual([`${name}-${round}`])
          expect(delivery).toMatchObject({ state: 'answered', answerMessageId: answers[0]!.id })
          const { run } = await admin.call('GET /api/runs/{id}', { params: { id: delivery.runId! } })
          expect(run.state).toBe('completed')
          if (run.attempt > 1) again++
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
