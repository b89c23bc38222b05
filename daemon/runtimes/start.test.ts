import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkStream, Probe, running, uniqueSleep } from '../../test/agents/contract'
import { createDriver, type StartOptions } from '.'

const home = mkdtempSync(join(tmpdir(), 'nekode-start-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

function make(kind: string, script: string, extra: Partial<StartOptions> = {}): Probe {
  // The driver's own arguments become those of the script.
  const driver = createDriver(kind, { command: ['sh', '-c', script], startTimeoutMs: 400 })
  return new Probe(driver, {
    cwd: home,
    env: { PATH: '/usr/bin:/bin' },
    prompt: 'PROMPT',
    stateDir: join(home, 'state'),
    mcp: [{ name: 'nekode', url: 'http://127.0.0.1:1/mcp', token: 'secret-token' }],
    mark: { id: 'start', pidDir: join(home, 'pids') },
    ...extra,
  })
}

const bad: [string, (sleep: string) => string, string, string][] = [
  ['hangs', (sleep) => `${sleep}; cat`, 'timeout', 'no answer'],
  [
    'hangs and ignores SIGTERM',
    (sleep) => `trap '' TERM; (setsid ${sleep} &); while :; do sleep 0.1; done`,
    'timeout',
    'no answer',
  ],
  ['ends at once', () => 'exit 3', 'crashed', 'exited with 3'],
  ['ends with a reason', () => 'echo "Error: not logged in" >&2; exit 1', 'runtime_login_required', 'not logged in'],
  ['crashes', () => 'kill -SEGV $$', 'crashed', 'SIGSEGV'],
  [
    'prints garbage and ends',
    () => 'echo hello there; echo "{\\"odd\\": 1}"; echo "[1"; exit 0',
    'crashed',
    'exited with 0',
  ],
  ['prints garbage for ever', () => 'yes', 'invalid_output', 'protocol'],
  ['writes one endless line', () => "tr '\\0' x < /dev/zero", 'output_limit', 'more than is allowed'],
]

for (const kind of ['claude', 'codex', 'acp'])
  describe(`${kind} with a program that`, () => {
    for (const [what, script, reason, message] of bad)
      test(`${what} fails its start with ${reason}, and nothing is left`, async () => {
        const sleep = uniqueSleep()
        const probe = make(kind, script(sleep))
        const error = await probe.start().then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(error).toMatchObject({ failure: { reason } })
        expect(String(error)).toContain(message)
        expect(probe.driver.busy).toBe(false)
        expect(running(sleep)).toBe(0)
        expect(readdirSync(join(home, 'pids'))).toEqual([])
        expect(probe.of('exit').length).toBe(1)
        checkStream(probe.events)
      }, 30_000)

    test('is not there fails its start with what to do', async () => {
      const PATH = '/usr/bin:/bin'
      const missing = new Probe(createDriver(kind, { command: ['/nowhere/program'] }), {
        ...make(kind, '').options,
        env: { PATH },
      })
      await expect(missing.start()).rejects.toMatchObject({
        failure: { reason: 'runtime_missing' },
        next: expect.any(String),
      })
      const cwd = join(home, 'nowhere')
      await expect(make(kind, 'cat', { cwd }).start()).rejects.toMatchObject({
        failure: { reason: 'workspace_unavailable' },
      })
    })

    test('gets no secret in its arguments', async () => {
      const probe = make(kind, 'echo "$0 $*" >&2; env | grep -c secret-token >&2; exit 1')
      await expect(probe.start()).rejects.toBeDefined()
      const said = probe.of('stderr').map(({ line }) => line)
      expect(said.join('\n')).not.toContain('secret-token')
      // Codex reads it from its environment, Claude Code from a file, ACP agents from the protocol.
      expect(said.at(-1)).toBe(kind === 'codex' ? '1' : '0')
    })

    test('is refused before and after its life', async () => {
      const probe = make(kind, 'exit 0')
      await expect(probe.driver.send('x')).rejects.toMatchObject({ failure: { reason: 'internal' } })
      await probe.driver.interrupt()
      probe.driver.answer('nothing', { allow: true })
      await expect(probe.start()).rejects.toBeDefined()
      await expect(probe.driver.send('x')).rejects.toMatchObject({ failure: { reason: 'killed' } })
      await expect(probe.start()).rejects.toMatchObject({ failure: { reason: 'internal' } })
      await probe.driver.stop()
    })
  })

describe('a program that is not installed', () => {
  test('is named in the failure of the start', async () => {
    const parentEnv = { PATH: join(home, 'empty'), HOME: join(home, 'empty') }
    for (const kind of ['claude', 'codex', 'gemini', 'pi']) {
      const probe = new Probe(createDriver(kind, { parentEnv }), make('acp', '').options)
      await expect(probe.start()).rejects.toMatchObject({
        failure: { reason: 'runtime_missing', message: expect.stringContaining('not installed') },
      })
    }
  })
})
