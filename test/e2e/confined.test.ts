import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Confinement } from '@shared/contract'
import { findSandbox } from '../../daemon/confine/support'
import { installClis } from '../agents/clis'
import { script, startModelEndpoint } from '../fixtures/model-endpoint'
import { eventually, inPlace, startDaemon, startServer } from './harness'
import { CLAUDE, CODEX, enrolledStage, makeAgent } from './stage'
import { details } from './talk'

installClis()

setDefaultTimeout(60_000)

const support = await findSandbox(process.env)
const canSandbox = 'path' in support
if (!canSandbox) console.log(`no sandbox can be made here, so its tests are left out: ${support.problem}`)

const FREE: Confinement = {
  sandbox: false,
  network: true,
  readable: [],
  memoryMb: null,
  processes: null,
  cpuPercent: null,
  turnMinutes: null,
}

interface Told {
  id: string
  name: string
  text: string
  reason: string | undefined
}

/** Asks a new agent that runs a line of shell, or an earlier one that is confined in another way from now on. */
type Ask = (script: string, confinement: Partial<Confinement>, earlier?: Told) => Promise<Told>

/** A server with a computer for such agents. */
async function withAgents(
  work: (ask: Ask, home: string) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  await inPlace(async (place) => {
    const server = await startServer(place)
    const { call } = await server.admin()
    const daemon = await startDaemon(place, server, { env })
    let count = 0
    await work(async (script, change, earlier) => {
      const body = { command: ['/bin/sh', '-c', script], confinement: { ...FREE, ...change } }
      const { id, name } = earlier
        ? await call('PATCH /api/agents/{id}', { params: { id: earlier.id }, body })
        : await call('POST /api/agents', {
            body: { ...body, name: `agent${++count}`, computerId: daemon.computerId, runtimeKind: 'custom' },
          })
      const { message } = await call('POST /api/messages', { body: { target: '#general', content: `@${name} go` } })
      const { deliveries } = await eventually(
        async () => {
          const shown = await call('GET /api/messages/{id}', { params: { id: message.id } })
          return shown.deliveries.every(({ state }) => state === 'answered' || state === 'failed') ? shown : undefined
        },
        { what: 'the agent has answered, or failed' },
      )
      const thread = await call('GET /api/messages', { query: { target: '#general', threadId: message.id } })
      const text = thread.items.map(({ content }) => content).join('\n')
      return { id, name, text, reason: deliveries[0]?.failure?.reason }
    }, daemon.home)
  })
}

for (const _ of canSandbox ? ['sandbox'] : []) {
  test('a sandboxed agent finds nothing of the computer, and still has its tools', () =>
    withAgents(async (ask, home) => {
      mkdirSync(join(home, '.ssh'), { recursive: true })
      writeFileSync(join(home, '.ssh/id'), 'THE-KEY')
      const look = `cat ${home}/.ssh/id ${home}/daemon.json ${home}/daemon/.token 2>&1; `
      const tools =
        'url=$(sed -n \'s/.*"url":"\\([^"]*\\)".*/\\1/p\' "$NEKODE_MCP_CONFIG"); curl -s -o /dev/null -w "tools %{http_code}" -X POST "$url"; '
      const cli =
        'curl -s -w " local %{http_code}" -o /dev/null -H "Authorization: Bearer $NEKODE_LOCAL_TOKEN" "$NEKODE_LOCAL_URL/v1"'
      const free = await ask(`${look}${tools}${cli}`, {})
      expect(free.text).toContain('THE-KEY')
      // The same agent, from its next turn on.
      const confined = await ask(`${look}${tools}${cli}`, { sandbox: true }, free)
      expect(confined.text).not.toContain('THE-KEY')
      expect(confined.text).not.toContain('ndt_')
      expect(confined.text).toContain('No such file or directory')
      expect(confined.text).toContain('tools 401')
      expect(confined.text).toContain('local 200')
    }))
}

test('an agent over its limit fails with the limit as the reason, and a computer that has no sandbox starts none without it', () =>
  withAgents(
    async (ask) => {
      const greedy = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /bin/sleep 100 & done; wait'
      expect((await ask(greedy, { processes: 8 })).reason).toBe('resource_limit')
      const { text, reason } = await ask('echo ran anyway', { sandbox: true })
      expect(reason).toBe('sandbox_unavailable')
      expect(text).not.toContain('ran anyway')
    },
    // Programs are there, bubblewrap is not.
    { PATH: '/bin-without-bwrap' },
  ))

for (const cli of canSandbox ? [CODEX, CLAUDE] : []) {
  test(`${cli.kind} itself works in the sandbox: it answers, runs commands, uses its tools, and resumes its session`, () =>
    inPlace(async (place) => {
      const model = startModelEndpoint()
      try {
        const stage = await enrolledStage(place)
        const { talk } = stage
        writeFileSync(join(stage.home, 'letter.txt'), 'A-LETTER')
        const agent = await makeAgent(stage, { cli, modelUrl: model.url, name: `${cli.kind}-in` })
        await talk.call('PATCH /api/agents/{id}', {
          params: { id: agent.id },
          body: { confinement: { ...FREE, sandbox: true } },
        })
        const look = `cat ${stage.home}/letter.txt ${stage.home}/daemon.json; echo made > made.txt; cat made.txt`
        const turn = script(
          [cli.shell(look)],
          [cli.tool('send_message', { target: '#general', text: 'a note' })],
          [{ say: 'done' }],
        )
        const over = await talk.over(await talk.ask(`@${agent.name} go ${turn}`))
        expect(over.said.map(({ content }) => content)).toEqual(['done'])
        const [ran, told] = details(over, 'tool')
        expect(ran?.output).toContain('made')
        expect(ran?.output).not.toContain('A-LETTER')
        expect(ran?.output).not.toContain('ndt_')
        expect(told).toMatchObject({ kind: 'mcp', outcome: 'completed' })
        await stage.restartDaemon('SIGTERM')
        const again = await talk.over(await talk.ask(`@${agent.name} go ${script([{ say: 'still here' }])}`))
        expect(again.said.map(({ content }) => content)).toEqual(['still here'])
        expect(details(again, 'notice').map(({ text }) => text)).toEqual([])
      } finally {
        await model.stop()
      }
    }))
}
