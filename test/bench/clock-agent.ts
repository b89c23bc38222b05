/**
 * An ACP agent that notes when it is handed a turn, and answers at once. `bun test/bench/clock-agent.ts FILE` appends a line with the
 * number in the turn's text (`~12~`) and the time in milliseconds, finer than `Date.now()`.
 */
import { appendFileSync } from 'node:fs'
import * as acp from '@agentclientprotocol/sdk'

const [, , file = ''] = process.argv
const stdout = new WritableStream<Uint8Array>({ write: (chunk) => void process.stdout.write(chunk) })
const connection = acp
  .agent({ name: 'clock' })
  .onRequest(acp.methods.agent.initialize, () => ({
    protocolVersion: acp.PROTOCOL_VERSION,
    agentInfo: { name: 'clock', version: '1.0.0' },
    agentCapabilities: {},
    authMethods: [],
  }))
  .onRequest(acp.methods.agent.session.new, () => ({ sessionId: crypto.randomUUID() }))
  .onRequest(acp.methods.agent.session.prompt, async ({ params, client }) => {
    const now = performance.timeOrigin + performance.now()
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
    const number = [...text.matchAll(/~(\d+)~/g)].at(-1)?.[1] ?? ''
    appendFileSync(file, `${number} ${now}\n`)
    await client.notify(acp.methods.client.session.update, {
      sessionId: params.sessionId,
      update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `at ${number}` } },
    })
    const stopReason: acp.StopReason = 'end_turn'
    return { stopReason }
  })
  .connect(acp.ndJsonStream(stdout, Bun.stdin.stream()))
await connection.closed
process.exit(0)
