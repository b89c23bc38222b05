import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createParser } from 'eventsource-parser'
import { rpcClient } from '../../test/fixtures/rpc'
import { type Caller, type TestServer, startTestServer } from '../testing'

let server: TestServer
let owner: Caller
let channels = 0
beforeAll(async () => {
  server = await startTestServer()
  owner = await server.as('owner')
})
afterAll(() => server.stop())

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const say = (target: string, content: string) => owner.call('POST /api/messages', { body: { target, content } })

/** What a reader has heard: the texts of messages. */
class Heard {
  readonly texts: string[] = []
  #wake = (): void => {}

  add(content: unknown): void {
    if (typeof content === 'string') this.texts.push(content)
    this.#wake()
  }

  async until(text: string): Promise<void> {
    while (!this.texts.includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  /** @param data an event of the HTTP API */
  take(data: string): void {
    const { kind, payload } = JSON.parse(data)
    if (kind === 'message') this.add(payload.content)
  }
}

/** Opens a stream and resolves when it is there. */
type Open = (caller: Caller, target?: string) => Promise<Heard>

const sse: Open = async (caller, target) => {
  const stop = new AbortController()
  closing.push(() => stop.abort())
  const heard = new Heard()
  const query = target === undefined ? '' : `?target=${encodeURIComponent(target)}`
  const { body } = await caller.fetch(`/api/server-events${query}`, { signal: stop.signal })
  const parser = createParser({ onEvent: ({ data }) => heard.take(data) })
  const decoder = new TextDecoder()
  void (async () => {
    for await (const chunk of body!) parser.feed(decoder.decode(chunk, { stream: true }))
  })().catch(() => undefined)
  return heard
}

const socket: Open = async (caller, target) => {
  const query = target === undefined ? '' : `?target=${encodeURIComponent(target)}`
  // Headers are Bun's own option, which the types of browsers do not have.
  const options = { headers: { authorization: `Bearer ${caller.token}` } } as unknown as string[]
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/api/ws${query}`, options)
  closing.push(() => ws.close())
  const heard = new Heard()
  ws.addEventListener('message', ({ data }) => heard.take(String(data)))
  await new Promise((resolve) => ws.addEventListener('open', resolve))
  return heard
}

const rpc: Open = async (caller, target) => {
  const stop = new AbortController()
  closing.push(() => stop.abort())
  const heard = new Heard()
  const cursor = { sequence: BigInt(server.core.hub.head), serverId: server.core.serverId }
  const request = { cursor, ...(target === undefined ? {} : { targets: [target] }) }
  const stream = rpcClient(server.url, caller.token).subscribeActivity(request, { signal: stop.signal })
  const frames = stream[Symbol.asyncIterator]()
  // The first one is a ping.
  await frames.next()
  void (async () => {
    for (let next = await frames.next(); !next.done; next = await frames.next()) {
      const { payload } = next.value.event!
      if (payload.case === 'message') heard.add(payload.value.content)
    }
  })().catch(() => undefined)
  return heard
}

const ways: [name: string, open: Open][] = [
  ['server-sent events', sse],
  ['the WebSocket', socket],
  ['SubscribeActivity', rpc],
]

describe.each(ways)('%s', (_, open) => {
  describe.each(['human', 'agent'] as const)('of somebody who leaves a channel (%s)', (kind) => {
    const place = async () => {
      const name = `den${++channels}`
      const target = `#${name}`
      await owner.call('POST /api/channels', { body: { name, visibility: 'private' } })
      const reader = kind === 'human' ? await server.as('member') : await server.agent()
      const member = { params: { target }, body: { kind, memberId: reader.id } }
      return {
        target,
        reader,
        enter: () => owner.call('POST /api/channels/{target}/members', member),
        leave: () =>
          owner.call('DELETE /api/channels/{target}/members/{kind}/{memberId}', {
            params: { target, kind, memberId: reader.id },
          }),
      }
    }

    test('bring nothing more of it, and everything else', async () => {
      const { target, reader, enter, leave } = await place()
      await enter()
      const heard = await open(reader)
      await say(target, 'before')
      await heard.until('before')
      await leave()
      await say(target, 'secret')
      await say('#general', `after ${target}`)
      await heard.until(`after ${target}`)
      expect(heard.texts.filter((text) => !text.startsWith('@'))).toEqual(['before', `after ${target}`])
    })

    test('that were limited to it are silent, until they are let in again', async () => {
      const { target, reader, enter, leave } = await place()
      await enter()
      const heard = await open(reader, target)
      await say(target, 'before')
      await heard.until('before')
      await leave()
      await say(target, 'secret')
      // The log has been read to here before anybody is let in again: a reader that hears everything says so.
      const witness = await open(owner)
      await say('#general', `between ${target}`)
      await witness.until(`between ${target}`)
      await enter()
      await say(target, 'again')
      await heard.until('again')
      expect(heard.texts.filter((text) => !text.startsWith('@'))).toEqual(['before', 'again'])
    })
  })

  test('of somebody who is let into a channel bring it from then on', async () => {
    const name = `den${++channels}`
    const target = `#${name}`
    await owner.call('POST /api/channels', { body: { name, visibility: 'private' } })
    const reader = await server.as('member')
    const heard = await open(reader)
    await say(target, 'too early')
    await say('#general', `then ${target}`)
    await heard.until(`then ${target}`)
    await owner.call('POST /api/channels/{target}/members', {
      params: { target },
      body: { kind: 'human', memberId: reader.id },
    })
    await say(target, 'in time')
    await heard.until('in time')
    expect(heard.texts.filter((text) => !text.startsWith('@'))).toEqual([`then ${target}`, 'in time'])
  })
})
