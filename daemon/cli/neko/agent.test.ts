import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestHost } from '@shared/cli/testing'
import { FakeNeko } from '../../../test/fixtures/neko'
import { PaintedForm } from '../../../test/fixtures/painted'
import { startVision, TASKS, type Vision } from '../../../test/neko/vision'
import { NAME } from '../../../test/neko/pages'
import { program } from '../program'

let neko: FakeNeko
let vision: Vision
let host: TestHost
let folder: string
let form: PaintedForm

beforeEach(() => {
  neko = FakeNeko.start()
  form = new PaintedForm(neko, NAME)
  vision = startVision()
  host = new TestHost(program)
  folder = mkdtempSync(join(tmpdir(), 'nekode-agent-'))
  Object.assign(host.env, {
    NEKO_URL: neko.url,
    NEKO_USER: 'agent',
    NEKO_PASS: 'neko',
    NEKO_FRAMES: 'screenshot',
    NEKO_METRICS_PORT: '1',
    NEKODE_MODEL_BASE_URL: `${vision.url}/v1`,
    NEKODE_MODEL: 'showlab/ShowUI-2B',
    NEKO_LOGLEVEL: 'WARNING',
  })
})

afterEach(async () => {
  await neko.kill()
  await vision.stop()
  host.remove()
  rmSync(folder, { recursive: true, force: true })
})

const agent = (...words: string[]) => host.run('neko', 'agent', ...words)

describe('one task', () => {
  test('is done on what can really be seen, its pictures are kept, and its answer is printed', async () => {
    Object.assign(host.env, { CLICK_SAVE_PATH: join(folder, 'actions'), FRAME_SAVE_PATH: join(folder, 'frame.png') })
    expect(await agent('--task', TASKS.form)).toBe(0)
    expect(host.stdout).toBe('It is done.\n')
    expect(form.state).toBe('done')
    const saved = readdirSync(join(folder, 'actions')).sort()
    expect(saved.some((name) => /^action_step_001_\d+\.\d{3}_INPUT\.png$/.test(name))).toBe(true)
    expect(saved.some((name) => name.endsWith('_INPUT_refine_1.png'))).toBe(true)
    expect(readFileSync(join(folder, 'frame.png')).subarray(1, 4).toString()).toBe('PNG')
    expect(neko.hostId).toBeNull()
    expect(neko.requests.some(({ path }) => path === '/api/logout')).toBe(true)
  }, 30_000)

  test('tells all as JSON, for programs', async () => {
    form.state = 'done'
    expect(await agent('--json', '--task', TASKS.form)).toBe(0)
    expect(host.json()).toMatchObject({ reason: 'answered', answer: 'It is done.', steps: 1 })
  }, 30_000)

  test('that ends for want of steps is no failure; that the model fails is one', async () => {
    vision.decide = () => ({ action: 'WAIT', value: '0' })
    expect(await agent('--max-steps', '1', '--task', 'wait')).toBe(0)
    vision.decide = () => 'I do not know.'
    expect(await agent('--task', 'wait')).toBe(1)
    expect(host.stderr).toContain('NEKO_AGENT_TYPE')
  }, 30_000)

  test('is ended by Ctrl-C, and the control let go of', async () => {
    vision.decide = () => ({ action: 'WAIT', value: '60' })
    const running = agent('--task', 'wait')
    await neko.next('chat/message')
    host.interrupt.abort()
    expect(await running).toBe(0)
    expect(neko.got('control/release').length).toBeGreaterThan(0)
    expect(neko.hostId).toBeNull()
  }, 30_000)
})

test('tasks come by the chat, until it is ended', async () => {
  const running = agent('--online')
  await neko.until(() => neko.got('chat/message').length > 0)
  const ada = neko.login('ada').id
  form.state = 'done'
  neko.chat(ada, `/task ${TASKS.form}`)
  await host.printed('answered: It is done.')
  host.interrupt.abort()
  expect(await running).toBe(0)
}, 30_000)

test('figures are served while it works', async () => {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const port = String(probe.port)
  await probe.stop(true)
  let text = ''
  vision.decide = ({ patches }) => (patches.magenta ? { action: 'WAIT', value: '0.5' } : undefined)
  neko.handlers.set('chat/message', () => {
    if (form.state === 'field')
      void fetch(`http://127.0.0.1:${port}/metrics`).then(async (response) => {
        text = await response.text()
        form.state = 'done'
      })
  })
  expect(await agent('--metrics-port', port, '--task', TASKS.form)).toBe(0)
  expect(text).toContain('neko_agent_frames_processed_total')
}, 30_000)

describe('a health check', () => {
  test('passes where everything is there', async () => {
    expect(await agent('--healthcheck')).toBe(0)
    expect(host.stdout).toContain('Configuration validation: PASSED')
    expect(host.stdout).toContain('Model loading: PASSED')
    expect(host.stdout).toContain('WebSocket connectivity: PASSED')
    expect(host.stdout).toContain('Picture of the screen: PASSED (800x450 by screenshot)')
    expect(host.stdout).toContain('All systems ready')
  }, 30_000)

  test('names what is wrong with each part, and what to do', async () => {
    host.env.NEKO_PASS = 'wrong'
    await vision.stop()
    expect(await agent('--healthcheck')).toBe(1)
    expect(host.stdout).toContain('Model loading: FAILED')
    expect(host.stdout).toContain('WebSocket connectivity: FAILED')
    expect(host.stdout).toContain('Not ready')
  }, 30_000)

  test('lists all settings that are wrong', async () => {
    Object.assign(host.env, { NEKO_MODE: 'tv', NEKO_MAX_STEPS: '0' })
    expect(await agent('--healthcheck', '--json')).toBe(1)
    const [check] = host.json().checks
    expect(check.details.join()).toContain('NEKO_MODE')
    expect(check.details.join()).toContain('NEKO_MAX_STEPS')
  }, 30_000)
})

describe('exit codes', () => {
  test('2: settings and usage that are wrong', async () => {
    expect(await agent('--mode', 'tv')).toBe(2)
    expect(await agent('--nonsense')).toBe(2)
  })

  test('1: a server that refuses the login', async () => {
    host.env.NEKO_PASS = 'wrong'
    expect(await agent('--task', 'x')).toBe(1)
    expect(host.stderr).not.toContain('wrong')
  })
})

test('the password comes from a file, and the log goes to one', async () => {
  form.state = 'done'
  const log = join(folder, 'agent.log')
  writeFileSync(join(folder, 'password'), 'neko\n')
  delete host.env.NEKO_PASS
  Object.assign(host.env, {
    NEKO_PASS_FILE: join(folder, 'password'),
    NEKO_LOGFILE: log,
    NEKO_LOG_FORMAT: 'json',
    NEKO_LOGLEVEL: 'info',
    NEKO_RUN_ID: 'run-7',
  })
  expect(await agent('--task', TASKS.form)).toBe(0)
  const lines = readFileSync(log, 'utf8').trim().split('\n')
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ logger: 'neko.agent', run_id: 'run-7', level: expect.any(String) })
  expect(lines.join()).toContain('the task ended')
})
