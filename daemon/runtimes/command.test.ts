import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDriver } from '.'
import { checkStream, eventually, Probe, running, uniqueSleep } from '../../test/agents/contract'

const home = mkdtempSync(join(tmpdir(), 'nekode-command-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function start(...command: string[]): Promise<Probe> {
  const probe = new Probe(createDriver('custom', { command }), {
    cwd: home,
    env: { PATH: '/usr/bin:/bin' },
    prompt: 'PROMPT',
    stateDir: join(home, 'state'),
    mcp: [{ name: 'nekode', url: 'http://127.0.0.1:1/mcp', token: 'tok' }],
    mark: { id: 'command', pidDir: join(home, 'pids') },
  })
  await probe.start()
  return probe
}

describe('a command', () => {
  test('gets the turn on its input and what it needs in files, and answers on its output', async () => {
    const probe = await start(
      'sh',
      '-c',
      'cat; echo; cat "$NEKODE_PROMPT_FILE"; echo; cat "$NEKODE_MCP_CONFIG"; echo; echo "$*"',
    )
    const { end } = await probe.turn('line one\n\nline three')
    expect(end.reason).toBe('completed')
    expect(end.text).toStartWith('line one\n\nline three\n')
    expect(end.text).toContain('\nPROMPT\n')
    expect(end.text).toContain('Bearer tok')
    expect(
      probe
        .of('message.delta')
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    ).toBe(end.text.trimEnd())
    await probe.driver.stop()
    checkStream(probe.events)
  })

  test('is a process for each turn: messages during one wait, and the session keeps its id', async () => {
    const probe = await start('sh', '-c', 'read x; while [ ! -e gate ]; do sleep 0.05; done; echo "$NEKODE_SESSION $x"')
    expect(await probe.driver.send('one')).toBe('started')
    expect(await probe.driver.send('two')).toBe('queued')
    await Bun.write(join(home, 'gate'), '')
    await eventually('both turns ended', () => probe.of('turn.end').length === 2)
    const id = probe.driver.sessionId
    expect(probe.of('turn.end').map(({ text }) => text)).toEqual([`${id} one`, `${id} two`])
    await probe.driver.stop()
    checkStream(probe.events)
  })

  const ends: [string, string, object][] = [
    [
      'another exit code',
      'echo half; echo why >&2; exit 3',
      { reason: 'failed', text: 'half', failure: { reason: 'crashed', message: 'Custom command exited with 3: why' } },
    ],
    ['a crash', 'kill -SEGV $$', { reason: 'failed', failure: { reason: 'crashed' } }],
    ['too much output', 'yes', { reason: 'failed', failure: { reason: 'output_limit' } }],
  ]
  for (const [what, script, end] of ends)
    test(`names the failure of ${what}, and takes the next turn`, async () => {
      const probe = await start('sh', '-c', `read x; if [ "$x" = again ]; then echo fine; else ${script}; fi`)
      expect((await probe.turn('go')).end).toMatchObject(end)
      expect((await probe.turn('again')).end).toMatchObject({ reason: 'completed', text: 'fine' })
      await probe.driver.stop()
      checkStream(probe.events)
    }, 30_000)

  test('is interrupted and stopped with everything it started', async () => {
    const sleep = uniqueSleep()
    const probe = await start('sh', '-c', `setsid ${sleep} & ${sleep}`)
    await probe.driver.send('go')
    await eventually('it runs', () => running(sleep) === 2)
    await probe.driver.interrupt()
    expect(probe.of('turn.end')).toMatchObject([{ reason: 'interrupted' }])
    expect(running(sleep)).toBe(0)
    await probe.driver.send('go')
    await eventually('it runs again', () => running(sleep) === 2)
    await probe.driver.stop()
    expect(running(sleep)).toBe(0)
    expect(probe.of('exit')).toMatchObject([{ expected: true }])
    checkStream(probe.events)
  }, 30_000)

  test('that is missing is refused at the start, and one that goes missing fails its turn', async () => {
    await expect(start('no-such-program-here')).rejects.toMatchObject({ failure: { reason: 'runtime_missing' } })
    expect(() => createDriver('custom')).toThrow('no command')
    expect(() => createDriver('no-such-kind')).toThrow('no runtime')
    const path = join(home, 'tool')
    await Bun.write(path, '#!/bin/sh\ncat\n')
    await Bun.$`chmod +x ${path}`.quiet()
    const probe = await start(path)
    expect((await probe.turn('one')).end.text).toBe('one')
    rmSync(path)
    await expect(probe.driver.send('two')).rejects.toMatchObject({ failure: { reason: 'runtime_missing' } })
    expect(probe.driver.busy).toBe(false)
    await probe.driver.stop()
  })
})
