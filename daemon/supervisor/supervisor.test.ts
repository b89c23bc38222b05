import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { AgentControlAction } from '@shared/gen/nekode/daemon/v1/agents_pb'
import { RunState } from '@shared/gen/nekode/daemon/v1/runs_pb'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeControl, type FakeRun, until } from '../../test/fixtures/control'
import { DaemonHere } from '../../test/fixtures/daemon'
import type { ScriptedDriver } from '../../test/fixtures/driver'
import type { DetectedRuntime } from '../runtimes/detect'
import { RuntimeFailure } from '../runtimes/failure'

let server: FakeControl
let here: DaemonHere
beforeEach(() => {
  server = new FakeControl().start()
  server.addAgent('ada')
  here = new DaemonHere(server, { startInterval: '1ms' })
})
afterEach(async () => {
  await here.clean()
  await server.stop()
})

const NEW_RUNTIME: DetectedRuntime = {
  kind: 'codex',
  displayName: 'Codex',
  installed: true,
  version: '1',
  login: 'yes',
  nextStep: '',
  installCommand: '',
  canInstall: false,
  models: [],
  demo: false,
  path: '/usr/bin/codex',
  loginVia: '',
}
const isOver = ({ state }: FakeRun) => [RunState.COMPLETED, RunState.FAILED, RunState.CANCELED].includes(state)
const over = (run: FakeRun) => until('the run is over', () => isOver(run))
const answer = (run: FakeRun) => run.reports.at(-1)?.resultMessage
const result = (run: FakeRun) => JSON.parse(run.reports.at(-1)?.resultJson || '{}')
const driver = (at = 0) => until('the driver', () => here.drivers[at])
/** Turns that go on until the test ends them. */
const hold = () => {
  here.script = () => undefined
}
const turnOf = async (text: string, at = 0): Promise<ScriptedDriver> => {
  const found = await driver(at)
  await until(`the turn “${text}”`, () => found.sent.some((sent) => sent.endsWith(text)))
  return found
}

describe('a run', () => {
  test('is answered: permit, start, launch prompt, steps, answer, and everything is acknowledged', async () => {
    await here.start()
    const run = server.assign('ada', 'hello')
    await over(run)
    expect(answer(run)).toBe('You said: <run_context>\ntarget=#general\n</run_context>\n\nhello')
    expect(run.reports.map(({ state }) => state)).toEqual([RunState.RUNNING, RunState.COMPLETED])
    expect(FakeControl.texts(run, 'text')).toEqual([answer(run)!])
    expect(here.drivers[0]?.options?.prompt).toBe('## agent_identity\nYou are @ada.')
    await until('the permit is back', () => server.permits === 0)
    await until('the event is acknowledged', () => server.acknowledged === 1n)
    expect(result(run)).toEqual({ sessionId: 'session-1' })
  })

  test('goes on in the process and conversation of the one before', async () => {
    await here.start()
    const first = server.assign('ada', 'one')
    await over(first)
    const second = server.assign('ada', 'two')
    await over(second)
    expect(here.drivers).toHaveLength(1)
    // The place is not told again.
    expect(here.drivers[0]?.sent[1]).toBe('two')
  })

  test('waits for its turn when it belongs to another conversation, in the order it came', async () => {
    hold()
    await here.start()
    const runs = ['#a', '#b', '#c'].map((target) => server.assign('ada', `in ${target}`, target))
    for (const [at, target] of ['#a', '#b', '#c'].entries()) {
      const found = await turnOf(`in ${target}`)
      expect(found.sent).toHaveLength(at + 1)
      found.say(`answer ${target}`)
      found.end()
    }
    await Promise.all(runs.map(over))
    expect(runs.map(answer)).toEqual(['answer #a', 'answer #b', 'answer #c'])
  })

  test('of one agent does not wait for another agent', async () => {
    server.addAgent('bob')
    hold()
    await here.start()
    server.assign('ada', 'slow')
    await turnOf('slow')
    here.script = (_, own) => {
      own.say('quick')
      own.end()
    }
    await over(server.assign('bob', 'fast'))
  })

  test('that is already known is not done twice, however often it is announced', async () => {
    await here.start()
    const run = server.assign('ada', 'once')
    server.announce(run)
    server.announce(run)
    await over(run)
    server.emit({
      payload: { case: 'run', value: { runId: run.runId, agentId: 'ada', state: RunState.QUEUED, attempt: 1 } },
    })
    here.daemon.session.poll()
    await until('the events are in', () => server.acknowledged === 4n)
    expect(here.drivers[0]?.sent).toHaveLength(1)
  })

  test('whose event was missed is found by asking', async () => {
    const run = server.assign('ada', 'early')
    await here.start()
    await over(run)
    expect(server.calls).toContain('FetchAssignedRuns')
  })

  test('waits while the server gives no permit', async () => {
    server.maxPermits = 0
    await here.start()
    const run = server.assign('ada', 'hello')
    await until('it was asked for', () => server.calls.filter((name) => name === 'AcquireStartPermit').length >= 2)
    expect(run.state).toBe(RunState.QUEUED)
    server.maxPermits = 1
    await over(run)
  })
})

describe('a message in the middle of a turn', () => {
  test('joins the turn, and has no answer of its own', async () => {
    hold()
    await here.start()
    const first = server.assign('ada', 'first')
    const own = await turnOf('first')
    const second = server.assign('ada', 'second')
    await turnOf('second')
    own.say('both')
    own.end()
    await Promise.all([over(first), over(second)])
    expect(answer(first)).toBe('both')
    expect([answer(second), result(second).joinedRunId]).toEqual(['', first.runId])
    expect(server.calls.filter((name) => name === 'AcquireStartPermit')).toHaveLength(1)
  })

  test('has its own answer when the runtime makes a turn of its own of it', async () => {
    hold()
    await here.start()
    const first = server.assign('ada', 'first')
    const own = await turnOf('first')
    const second = server.assign('ada', 'second')
    await turnOf('second')
    own.say('one')
    own.end()
    own.begin()
    own.say('two')
    own.end()
    await Promise.all([over(first), over(second)])
    expect([answer(first), answer(second), result(second).joinedRunId]).toEqual(['one', 'two', undefined])
    expect(FakeControl.texts(second, 'text')).toEqual(['two'])
  })

  test('that the runtime queues gets the next turn', async () => {
    hold()
    here.prepare = (made) => {
      made.takes = 'queued'
    }
    await here.start()
    const first = server.assign('ada', 'first')
    const own = await turnOf('first')
    const second = server.assign('ada', 'second')
    await turnOf('second')
    const other = server.assign('ada', 'elsewhere', '#other')
    own.say('one')
    own.end()
    await over(first)
    own.begin()
    own.say('two')
    own.end()
    await over(second)
    expect(answer(second)).toBe('two')
    await turnOf('elsewhere')
    own.end()
    await over(other)
  })

  test('that is canceled while the runtime has it in its queue is not answered', async () => {
    hold()
    here.prepare = (made) => {
      made.takes = 'queued'
    }
    await here.start()
    const first = server.assign('ada', 'first')
    const own = await turnOf('first')
    const second = server.assign('ada', 'second')
    await turnOf('second')
    await Bun.sleep(20)
    server.command('ada', { type: 'interrupt', runId: second.runId })
    await over(second)
    own.end()
    await over(first)
    own.begin()
    own.say('nobody wants this')
    await until('it is stopped', () => own.interrupts === 1)
    const third = server.assign('ada', 'third')
    await turnOf('third')
    own.end()
    await over(third)
    expect([second.state, answer(second), server.messages]).toEqual([RunState.CANCELED, '', []])
  })

  test('is stopped with the turn when a person interrupts it', async () => {
    hold()
    await here.start()
    const first = server.assign('ada', 'first')
    const own = await turnOf('first')
    const second = server.assign('ada', 'second')
    await turnOf('second')
    own.say('half')
    server.command('ada', { type: 'interrupt', runId: second.runId })
    await Promise.all([over(first), over(second)])
    expect([first, second].map(({ state }) => state)).toEqual([RunState.CANCELED, RunState.CANCELED])
    expect([answer(first), answer(second)]).toEqual(['half', ''])
  })
})

describe('a runtime that wakes by itself', () => {
  test('has what it says posted in its own name where it was last, and may not act', async () => {
    await here.start()
    const run = server.assign('ada', 'hello', '#general:msg_1')
    await over(run)
    const own = await driver()
    own.begin()
    own.ask('1')
    own.say('The build is done.')
    own.end()
    await until('the message', () => server.messages.length === 1)
    expect(server.messages).toEqual([{ agentToken: 'nat_ada', target: '#general', content: 'The build is done.' }])
    expect(own.answers).toMatchObject([['1', { allow: false }]])
  })
})

describe('a runtime that fails', () => {
  test('in the middle of a turn: the run is given back, and the next attempt resumes the session', async () => {
    let crashes = 1
    here.script = (_, own) => {
      own.say('trying')
      if (crashes-- > 0) return own.crash()
      own.end()
    }
    await here.start()
    const run = server.assign('ada', 'hello')
    await over(run)
    expect(run.attempt).toBe(2)
    expect(run.reports.map(({ state }) => state)).toEqual([
      RunState.RUNNING,
      RunState.QUEUED,
      RunState.RUNNING,
      RunState.COMPLETED,
    ])
    expect(here.drivers.map(({ options }) => options?.resume)).toEqual([undefined, 'session-1'])
    const sequences = run.steps.map(({ sequence }) => sequence)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
  })

  test.each(['runtime_missing', 'runtime_login_required', 'quota_exhausted', 'timeout'] as const)(
    'to start with %s: the run fails with that reason, and the agent shows it',
    async (reason) => {
      here.startFailure = () => new RuntimeFailure(reason, 'the program said so')
      await here.start()
      const run = server.assign('ada', 'hello')
      await over(run)
      expect(run.state).toBe(RunState.FAILED)
      expect(result(run).failure).toEqual({ reason, message: 'the program said so' })
      await until('the permit is back', () => server.permits === 0)
    },
  )

  test('to open its session again starts a new one, and says so in the run', async () => {
    await here.start()
    await over(server.assign('ada', 'one'))
    await here.stop()
    here.startFailure = ({ resume }) => (resume ? new RuntimeFailure('session_lost', 'no such session') : undefined)
    await here.start()
    const run = server.assign('ada', 'two')
    await over(run)
    expect(run.state).toBe(RunState.COMPLETED)
    expect(run.steps[0]?.detail).toMatchObject({ type: 'notice', level: 'warning' })
  })

  test('by losing its session in a turn is asked the same once more in a new one', async () => {
    let losses = 1
    here.script = (_, own) => {
      if (losses-- > 0) return own.fail('session_lost')
      own.say('here I am')
      own.end()
    }
    await here.start()
    const run = server.assign('ada', 'hello')
    await over(run)
    expect([answer(run), run.attempt, here.drivers.length]).toEqual(['here I am', 1, 2])
    expect(here.drivers[1]?.options?.resume).toBeUndefined()
  })

  test('a workspace that is not there fails the run by its name', async () => {
    server.addAgent('ada', { memoryRoot: '/nowhere/at/all' })
    await here.start()
    const run = server.assign('ada', 'hello')
    await over(run)
    expect(result(run).failure).toMatchObject({
      reason: 'workspace_unavailable',
      message: expect.stringContaining('/nowhere/at/all'),
    })
  })

  test('by its silence is interrupted, and the run fails with timeout', async () => {
    hold()
    here.settings.hangTimeout = '150ms'
    await here.start()
    const run = server.assign('ada', 'hello')
    await over(run)
    expect(result(run).failure.reason).toBe('timeout')
    expect(here.drivers[0]?.interrupts).toBe(1)
  })
})

describe('what people ask for', () => {
  test('an approval reaches the runtime, and the step is closed', async () => {
    here.script = (_, own) => own.ask('driver-request-1')
    await here.start()
    const run = server.assign('ada', 'hello')
    const step = await until('the approval', () => run.steps.find(({ detail }) => detail.type === 'approval'))
    const requestId = step.detail.type === 'approval' ? step.detail.requestId : ''
    server.command('ada', {
      type: 'answer_permission',
      runId: run.runId,
      requestId,
      allow: true,
      remember: false,
      message: '',
    })
    const own = await driver()
    await until('the answer', () => own.answers.length > 0)
    expect(own.answers).toEqual([['driver-request-1', { allow: true }]])
    own.end()
    await over(run)
    expect(run.steps.map(({ status }) => status)).toEqual([2])
  })

  test('a kill ends the process; the next message starts it again in the same session', async () => {
    hold()
    await here.start()
    const run = server.assign('ada', 'hello')
    const own = await turnOf('hello')
    server.command('ada', { type: 'kill', runId: run.runId })
    await over(run)
    expect(run.state).toBe(RunState.CANCELED)
    await until('the process is gone', () => own.stops === 1)
    server.assign('ada', 'again')
    await turnOf('again', 1)
    expect(here.drivers[1]?.options?.resume).toBe('session-1')
  })

  test('a run that waits can be canceled, and is not started', async () => {
    hold()
    await here.start()
    server.assign('ada', 'first', '#a')
    await turnOf('first')
    const second = server.assign('ada', 'second', '#b')
    await Bun.sleep(20)
    server.command('ada', { type: 'interrupt', runId: second.runId })
    await over(second)
    ;(await driver()).end()
    await Bun.sleep(50)
    expect(here.drivers[0]?.sent).toHaveLength(1)
  })

  test('a runtime that does not hear the interrupt is stopped when it is killed', async () => {
    hold()
    here.prepare = (made) => {
      made.isDeaf = true
    }
    await here.start()
    const run = server.assign('ada', 'hello')
    await turnOf('hello')
    server.command('ada', { type: 'kill', runId: run.runId })
    await over(run)
    expect(here.drivers[0]?.stops).toBe(1)
  })

  test.each([
    ['RESTART', AgentControlAction.RESTART, 'session-1'],
    ['RESTART_RESET_SESSION', AgentControlAction.RESTART_RESET_SESSION, undefined],
    ['RESTART_FULL_RESET', AgentControlAction.RESTART_FULL_RESET, undefined],
  ])('%s ends the process, and the next turn starts one', async (_, action, session) => {
    await here.start()
    await over(server.assign('ada', 'one'))
    const memory = join(here.home, 'agents', 'ada', 'workspace', 'MEMORY.md')
    writeFileSync(memory, 'something to remember')
    const operationId = server.control('ada', action)
    await until('it is reported', () => server.operations.find(({ state }) => state === 'completed'))
    expect(server.operations.map(({ state }) => state)).toEqual(['running', 'completed'])
    expect(server.operations[0]?.operationId).toBe(operationId)
    await over(server.assign('ada', 'two'))
    expect(here.drivers.map(({ options }) => options?.resume)).toEqual([undefined, session])
    expect(readFileSync(memory, 'utf8') === 'something to remember').toBe(
      action !== AgentControlAction.RESTART_FULL_RESET,
    )
  })

  test('TERMINATE cancels what runs and what waits', async () => {
    hold()
    await here.start()
    const first = server.assign('ada', 'first', '#a')
    await turnOf('first')
    const second = server.assign('ada', 'second', '#b')
    await Bun.sleep(20)
    server.control('ada', AgentControlAction.TERMINATE)
    await Promise.all([over(first), over(second)])
    expect([first.state, second.state]).toEqual([RunState.CANCELED, RunState.CANCELED])
    expect(here.drivers[0]?.stops).toBe(1)
  })

  test('runs of an agent that is turned off are put aside, and done when they are given out again', async () => {
    await here.start()
    server.addAgent('ada', { enabled: false })
    const runs = [server.assign('ada', 'one'), server.assign('ada', 'two', '#other')]
    const asked = () => server.calls.filter((name) => name === 'AcquireStartPermit').length
    await until('both were refused', () => asked() === 2)
    // Others get on meanwhile.
    server.addAgent('bob')
    await over(server.assign('bob', 'hello'))
    expect(runs.map(({ state, reports }) => [state, reports])).toEqual([
      [RunState.QUEUED, []],
      [RunState.QUEUED, []],
    ])
    server.addAgent('ada')
    for (const run of runs) server.announce(run)
    for (const run of runs) await over(run)
    expect(runs.map(({ state, attempt }) => [state, attempt])).toEqual([
      [RunState.COMPLETED, 1],
      [RunState.COMPLETED, 1],
    ])
  })

  test('changed settings start a new process with the next turn, in the same session', async () => {
    await here.start()
    await over(server.assign('ada', 'one'))
    server.addAgent('ada', { model: 'bigger', env: [{ name: 'KEY', value: 'very secret', secret: true }] })
    server.command('ada', { type: 'reload_agent' })
    await until('it is in', () => server.acknowledged === 2n)
    const run = server.assign('ada', 'is it very secret?')
    await over(run)
    expect(here.drivers[1]?.options).toMatchObject({
      model: 'bigger',
      resume: 'session-1',
      env: { KEY: 'very secret' },
    })
    expect(JSON.stringify(run.steps) + answer(run)).not.toContain('very secret')
  })

  test('a runtime that cannot be installed is reported with the reason', async () => {
    await here.start()
    server.command('', { type: 'install_runtime', kind: 'no-such-runtime' })
    await until('it is reported', () => server.operations.find(({ state }) => state === 'failed'))
    expect(server.operations.at(-1)?.detail).toContain('There is no runtime "no-such-runtime"')
  })

  test('looking for runtimes again tells the server only what has changed', async () => {
    const found: DetectedRuntime[] = []
    const looking = new DaemonHere(server, {}, { detect: async () => [...found] })
    try {
      await looking.start()
      await until('it is registered', () => server.calls.includes('FetchAssignedRuns'))
      const synced = () => server.calls.filter((name) => name === 'SyncComputerInventory').length
      server.command('', { type: 'refresh_inventory' })
      await until('it is in', () => server.acknowledged === 1n)
      await Bun.sleep(50)
      expect(synced()).toBe(0)
      found.push({ ...NEW_RUNTIME })
      server.command('', { type: 'refresh_inventory' })
      await until('it is told', () => synced() === 1)
    } finally {
      await looking.clean()
    }
  })

  test('an unknown command is reported as unsupported', async () => {
    await here.start()
    server.control('ada', AgentControlAction.CUSTOM, '{"type":"fly"}')
    await until('it is reported', () => server.operations.length === 1)
    expect(server.operations[0]?.state).toBe('unsupported')
  })
})

describe('a server that decides otherwise', () => {
  test('takes a run away: the turn is stopped, nothing is reported, and the new attempt is done', async () => {
    hold()
    await here.start()
    const run = server.assign('ada', 'hello')
    const own = await turnOf('hello')
    server.requeue(run)
    await until('the turn is stopped', () => own.interrupts === 1)
    await until('the new attempt', () => own.sent.length === 2)
    own.say('second try')
    own.end()
    await over(run)
    expect(run.reports.map(({ state }) => state)).toEqual([RunState.RUNNING, RunState.RUNNING, RunState.COMPLETED])
    expect(answer(run)).toBe('second try')
  })

  test('refuses a step because the lease is lost: the turn is stopped', async () => {
    hold()
    await here.start()
    const run = server.assign('ada', 'hello')
    const own = await turnOf('hello')
    run.leaseId = 'lease of someone else'
    own.say('I go on')
    await until('the turn is stopped', () => own.interrupts === 1)
    expect(run.state).toBe(RunState.RUNNING)
  })
})

describe('a daemon that ends', () => {
  test('gives back what was under way, and the next one goes on in the same session', async () => {
    hold()
    await here.start()
    const run = server.assign('ada', 'hello')
    const own = await turnOf('hello')
    own.say('half of it')
    await here.stop()
    expect([run.state, run.attempt, own.stops]).toEqual([RunState.QUEUED, 2, 1])
    here.script = (_, next) => {
      next.say('all of it')
      next.end()
    }
    await here.start()
    await over(run)
    expect(answer(run)).toBe('all of it')
    expect(here.drivers[1]?.options?.resume).toBe('session-1')
  })

  test('while the server is away tells it the end of the turn when both are back', async () => {
    hold()
    await here.start()
    const run = server.assign('ada', 'hello')
    const own = await turnOf('hello')
    await server.stop()
    own.say('done meanwhile')
    own.end()
    await here.stop()
    server.start()
    await here.start()
    await over(run)
    expect([answer(run), run.attempt]).toEqual(['done meanwhile', 1])
    expect(here.drivers).toHaveLength(1)
  })

  test('does not do what was asked for again after it was done', async () => {
    await here.start()
    await over(server.assign('ada', 'one'))
    server.control('ada', AgentControlAction.RESTART)
    await until('it is reported', () => server.operations.find(({ state }) => state === 'completed'))
    await here.stop()
    await here.start()
    await over(server.assign('ada', 'two'))
    expect(server.operations).toHaveLength(2)
  })
})

test('an idle agent is put to sleep and woken by the next message', async () => {
  here.settings.idleTimeout = '50ms'
  await here.start()
  await over(server.assign('ada', 'one'))
  const own = await driver()
  await until('it sleeps', () => own.stops === 1)
  await over(server.assign('ada', 'two'))
  expect(here.drivers[1]?.options?.resume).toBe('session-1')
  expect(existsSync(join(here.home, 'agents', 'ada', 'workspace', 'notes'))).toBe(true)
})
