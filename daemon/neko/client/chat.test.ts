import { afterEach, describe, expect, test } from 'bun:test'
import type { FakeNeko } from '../../../test/fixtures/neko'
import { NekoWorld } from '../../../test/fixtures/neko-clients'
import { textOf } from '../protocol/text'
import { onSaid, say, type Said } from './chat'
import { chooseFiles } from './chooser'
import type { NekoClient } from './client'
import { copySelection } from './clipboard'
import { resizeScreen } from './screen'
import { waitFor } from './wait'

const world = new NekoWorld()
afterEach(() => world.end())

async function start(password = 'neko'): Promise<{ neko: FakeNeko; client: NekoClient }> {
  const neko = world.start()
  return { neko, client: await world.connect(neko, { username: 'Ann', password }) }
}

describe('what is said', () => {
  for (const [body, text] of [
    ['plain', 'plain'],
    [{ text: 'a' }, 'a'],
    [{ message: 'b' }, 'b'],
    [{ content: 'c' }, 'c'],
    [{ content: { text: 'd' } }, 'd'],
    [{ content: { message: 'e' } }, 'e'],
    [{ other: 1 }, ''],
    [null, ''],
    [7, ''],
  ] as const)
    test(`is ${JSON.stringify(text)} in ${JSON.stringify(body)}`, () => expect(textOf(body)).toBe(text))

  test('is heard whichever way it comes, with who said it', async () => {
    const { neko, client } = await start()
    const bob = await world.connect(neko, { username: 'Bob' })
    const { sessionId } = client.state
    const heard: Said[] = []
    await neko.until(() => client.state.sessions.has(bob.state.sessionId))
    const end = onSaid(client, (said) => heard.push(said))
    bob.send('send/unicast', { receiver: sessionId, subject: 'task', body: { text: '/task one' } })
    bob.send('send/broadcast', { subject: 'note', body: 'to all' })
    say(bob, '/task two')
    await neko.until(() => heard.length === 3)
    say(client, 'mine')
    await neko.until(() => heard.length === 4)
    neko.announce('chat/message', { id: 'gone', content: 'as a text' })
    neko.announce('chat/message', { id: 'gone', message: 'as a message' })
    await neko.until(() => heard.length === 6)
    end()
    const from = bob.state.sessionId
    expect(heard).toEqual([
      { via: 'unicast', from, name: 'Bob', own: false, text: '/task one', subject: 'task' },
      { via: 'broadcast', from, name: 'Bob', own: false, text: 'to all', subject: 'note' },
      { via: 'chat', from, name: 'Bob', own: false, text: '/task two' },
      { via: 'chat', from: sessionId, name: 'Ann', own: true, text: 'mine' },
      { via: 'chat', from: 'gone', name: 'gone', own: false, text: 'as a text' },
      { via: 'chat', from: 'gone', name: 'gone', own: false, text: 'as a message' },
    ])
    say(bob, 'nobody hears it here')
    await neko.next('chat/message', 3)
    expect(heard).toHaveLength(6)
  })
})

describe('waiting for the server', () => {
  test('gives what was selected when it was copied', async () => {
    const { neko, client } = await start()
    await client.acquire()
    neko.handlers.set('control/copy', () => neko.setClipboard({ text: 'selected' }))
    expect(await copySelection(client)).toBe('selected')
  })

  test('gives the size that the screen really has', async () => {
    const { client } = await start('admin')
    expect(await resizeScreen(client, { width: 1003, height: 700, rate: 30 })).toEqual({
      width: 1000,
      height: 700,
      rate: 30,
    })
    // Nothing would come for a size that it has already.
    expect(await resizeScreen(client, { width: 1001, height: 700 })).toMatchObject({ width: 1000 })
  })

  test('is told what the server refuses', async () => {
    const { client } = await start()
    await expect(resizeScreen(client, { width: 640, height: 480 })).rejects.toMatchObject({ kind: 'forbidden' })
  })

  test('gives files to a dialog once it is open', async () => {
    const { neko, client } = await start()
    await client.acquire()
    const chosen = chooseFiles(client, [{ name: 'a', content: new Blob(['a']) }])
    neko.chooserOpen = true
    neko.announce('file_chooser_dialog/opened', { id: client.state.sessionId })
    await chosen
    expect(neko.files.has('a')).toBe(true)
  })

  test('ends when nothing comes, when it is aborted and when the connection ends for good', async () => {
    const { neko, client } = await start()
    await expect(waitFor(client, 'clipboard/updated', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'neko_no_event',
      message: expect.stringContaining('nothing came within 0.02 s'),
    })
    const stop = new AbortController()
    const aborted = waitFor(client, 'clipboard/updated', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    const lost = waitFor(client, 'clipboard/updated')
    neko.disconnect(client.state.sessionId, 'session deleted')
    await expect(lost).rejects.toMatchObject({ message: expect.stringContaining('This session was ended') })
  })

  test('passes over what does not match', async () => {
    const { neko, client } = await start()
    const wide = waitFor(client, 'screen/updated', { match: ({ width }) => width > 1000 })
    neko.resize({ width: 640, height: 480, rate: 30 })
    neko.resize({ width: 1920, height: 1080, rate: 30 })
    expect(await wide).toMatchObject({ width: 1920 })
  })
})
