import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver, type StartOptions } from '..'
import { checkStream, Probe } from '../../../test/agents/contract'

const root = mkdtempSync(join(tmpdir(), 'nekode-demo-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let number = 0
async function start(extra: Partial<StartOptions> = {}): Promise<Probe> {
  const cwd = join(root, `work${++number}`)
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'README.md'), 'hello')
  const probe = new Probe(createDriver('demo', { demo: { paceMs: 1 } }), {
    cwd,
    env: {},
    prompt: '',
    stateDir: join(root, 'state'),
    mcp: [],
    ...extra,
  })
  await probe.start()
  return probe
}

describe('the demo agent', () => {
  test('says what it is, and shows streaming, a thought, a real listing, an approval and a real file', async () => {
    const probe = await start()
    probe.decide = () => ({ allow: true })
    const { end } = await probe.turn('build me a rocket')
    expect(end.reason).toBe('completed')
    const said = probe.of('message').map(({ text }) => text)
    expect(said[0]).toContain('demo agent. There is no model behind it')
    expect(probe.of('message.delta').length).toBeGreaterThan(20)
    expect(probe.of('thought.delta').length).toBeGreaterThan(3)
    expect(probe.of('tool.end').map(({ status, output }) => [status, output])).toEqual([
      ['completed', 'README.md'],
      ['completed', 'Wrote nekode-demo.md.'],
    ])
    const file = readFileSync(join(probe.options.cwd, 'nekode-demo.md'), 'utf8')
    expect(file).toContain('- README.md')
    const asked = probe.of('permission')
    expect(asked).toMatchObject([{ kind: 'edit', title: 'nekode-demo.md' }])
    expect(asked[0]?.diff?.[0]?.diff).toContain('+# Written by the demo agent')
    expect(probe.of('tool.end')[1]?.diff).toEqual(asked[0]!.diff!)
    await probe.driver.stop()
    checkStream(probe.events)
  })

  test('writes nothing when it is denied, and says so', async () => {
    const probe = await start()
    probe.decide = () => ({ allow: false, message: 'no' })
    const { end } = await probe.turn('go')
    expect(end.text).toContain('You denied it')
    expect(probe.of('tool.end').map(({ status }) => status)).toEqual(['completed', 'denied'])
    expect(await Bun.file(join(probe.options.cwd, 'nekode-demo.md')).exists()).toBe(false)
    await probe.driver.stop()
    checkStream(probe.events)
  })

  test('does not follow a link out of the workspace', async () => {
    const probe = await start()
    const outside = join(root, 'outside.md')
    writeFileSync(outside, 'untouched')
    const { symlinkSync } = await import('node:fs')
    symlinkSync(outside, join(probe.options.cwd, 'nekode-demo.md'))
    probe.decide = () => ({ allow: true })
    expect((await probe.turn('go')).end).toMatchObject({ reason: 'failed' })
    expect(readFileSync(outside, 'utf8')).toBe('untouched')
    await probe.driver.stop()
  })

  test('does the same in each turn, and remembers over a restart how many there were', async () => {
    const probe = await start()
    probe.decide = () => ({ allow: true })
    await probe.turn('first words')
    const second = await probe.turn('second words')
    expect(probe.of('message', second.from)[0]?.text).toContain('I remember one message')
    expect(probe.of('permission', second.from)).toHaveLength(1)
    expect(probe.of('tool.end', second.from)[1]?.diff?.[0]?.diff).toContain('+It was allowed to, in its turn 2.')
    await probe.driver.stop()
    const again = await start({ resume: probe.driver.sessionId! })
    again.decide = () => ({ allow: true })
    expect(again.driver.sessionId).toBe(probe.driver.sessionId)
    await again.turn('third @words')
    const said = again.of('message').map(({ text }) => text)
    expect(said[0]).toContain('2 messages')
    expect(said.join()).not.toContain('words')
    await again.driver.stop()
    await expect(start({ resume: 'nothing' })).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
    await expect(start({ resume: '../../etc/passwd' })).rejects.toMatchObject({ failure: { reason: 'session_lost' } })
  })

  test('is interrupted in its text and in its question, and takes what was sent meanwhile', async () => {
    const probe = await start()
    probe.decide = () => ({ allow: true })
    const from = probe.events.length
    await probe.driver.send('go')
    await probe.until('message.delta', from)
    expect(await probe.driver.send('and then')).toBe('queued')
    await probe.driver.interrupt()
    expect(probe.of('turn.end', from)[0]).toMatchObject({ reason: 'interrupted' })
    await probe.until('turn.end', from, ({ reason }) => reason === 'completed')
    await probe.driver.stop()
    const asking = await start()
    await asking.driver.send('go')
    const asked = await asking.until('permission')
    await asking.driver.stop()
    expect(asking.of('permission.cancel')).toEqual([{ type: 'permission.cancel', requestId: asked.requestId }])
    expect(asking.of('exit')).toMatchObject([{ expected: true }])
    checkStream(asking.events)
  })
})
