import { expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import {
  ADMIN,
  type Place,
  type ServerUnderTest,
  commandOf,
  eventually,
  inPlace,
  startDaemon,
  startServer,
} from './harness'

const PASSWORD = 'a quite long password'

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** The command line as scripts use it: pipes, a home folder of its own. */
class Cli {
  constructor(
    private readonly place: Place,
    readonly home = join(place.dir, 'cli'),
  ) {}

  get env(): Record<string, string> {
    return { PATH: process.env.PATH ?? '', HOME: this.place.dir, NEKODE_HOME: this.home, TERM: 'xterm' }
  }

  async run(argv: string[], stdin = ''): Promise<Ended> {
    const child = Bun.spawn([...commandOf('nekode'), ...argv], {
      env: this.env,
      stdin: Buffer.from(stdin),
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, stdout, stderr }
  }

  async ok(argv: string[], stdin = '') {
    const ended = await this.run([...argv, '--json'], stdin)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return JSON.parse(ended.stdout)
  }

  async login(server: ServerUnderTest): Promise<void> {
    const argv = ['login', '--server', server.url, '--username', ADMIN.username, '--password-stdin']
    expect(await this.run(argv, `${ADMIN.password}\n`)).toMatchObject({ code: 0 })
  }

  /** The same as a shell runs it, for pipes between programs. */
  async shell(script: string): Promise<Ended> {
    const nekode = commandOf('nekode')
      .map((word) => `'${word}'`)
      .join(' ')
    const child = Bun.spawn(['bash', '-c', `set -o pipefail; nekode() { ${nekode} "$@"; }; ${script}`], {
      env: this.env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, stdout, stderr }
  }

  /** A person at a terminal. */
  terminal(argv: string[]): Terminal {
    return new Terminal([...commandOf('nekode'), ...argv], this.env)
  }
}

class Terminal {
  /** Everything that was shown. */
  screen = ''
  /** How much of it was there at the last answer. */
  #answered = 0
  readonly #child: Bun.Subprocess

  constructor(argv: string[], env: Record<string, string>) {
    const decoder = new TextDecoder()
    this.#child = Bun.spawn(argv, {
      env,
      terminal: {
        cols: 100,
        rows: 30,
        data: (_, bytes) => void (this.screen += decoder.decode(bytes, { stream: true })),
      },
    })
  }

  /** Waits for a question and types an answer. */
  async answer(question: string, text: string): Promise<void> {
    await this.shows(question)
    this.#answered = this.screen.length
    this.type(`${text}\r`)
  }

  type(text: string): void {
    this.#child.terminal?.write(text)
  }

  async shows(text: string): Promise<void> {
    const what = `“${text}” on the screen`
    await eventually(async () => this.screen.includes(text, this.#answered), {
      what,
      stop: () => this.#child.exitCode !== null,
    }).catch((error: Error) => {
      if (!this.screen.includes(text, this.#answered)) throw new Error(`${error.message}\n${this.screen}`)
    })
  }

  get exited(): Promise<number> {
    return this.#child.exited
  }
}

test(
  'a person sets a fresh server up at a terminal, and neither screen nor command line holds the password',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place, { fresh: true })
      const cli = new Cli(place)
      const terminal = cli.terminal(['login', '--server', server.url])
      for (const [question, answer] of [
        ['Setup code', await server.setupCode()],
        ['User name: ', 'ada'],
        ['Password (', PASSWORD],
        ['The same again: ', PASSWORD],
      ] as const)
        await terminal.answer(question, answer)
      expect(await terminal.exited).toBe(0)
      expect(terminal.screen).toContain('ada')
      expect(terminal.screen).toContain(`Logged in to ${server.url} as ada (owner).`)
      expect(terminal.screen).not.toContain(PASSWORD)
      expect(statSync(join(cli.home, 'cli.json')).mode & 0o777).toBe(0o600)
      expect(await cli.ok(['whoami'])).toMatchObject({ user: { username: 'ada', role: 'owner' } })
    }),
  60_000,
)

test(
  'Ctrl-C at a hidden question leaves the terminal as it was and logs nobody in',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const cli = new Cli(place)
      const terminal = cli.terminal(['login', '--server', server.url, '--username', ADMIN.username])
      await terminal.shows('Password: ')
      terminal.type('half\u0003')
      expect(await terminal.exited).toBe(130)
      expect(terminal.screen).not.toContain('half')
      expect((await cli.run(['whoami'])).code).toBe(3)
    }),
  60_000,
)

test(
  'messages are followed at a terminal through a restart of the server, until Ctrl-C',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const cli = new Cli(place)
      await cli.login(server)
      await cli.ok(['send', 'general', 'before'])
      const terminal = cli.terminal(['messages', 'general', '--follow'])
      await terminal.shows('before')
      expect(terminal.screen).toContain('\u001b[')
      await server.killHard()
      await terminal.shows('connection lost')
      await server.start()
      await cli.ok(['send', 'general', 'after'])
      await terminal.shows('after')
      terminal.type('\u0003')
      expect(await terminal.exited).toBe(130)
      expect(terminal.screen.match(/ {2}(before|after)/g)).toEqual(['  before', '  after'])
    }),
  60_000,
)

test(
  'commands work in pipes: input, whole output, and a reader that has enough',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const cli = new Cli(place)
      await cli.login(server)
      const long = 'x'.repeat(39_000)
      for (let i = 0; i < 20; i++) await cli.ok(['send', 'general', '-'], `${i} ${long}`)
      // More than a pipe holds: nothing of it may be cut off at the end.
      const { items } = await cli.ok(['messages', 'general', '--limit', '20'])
      expect(items.map((m: { content: string }) => Number.parseInt(m.content, 10))).toEqual(
        Array.from({ length: 20 }, (_, i) => i),
      )
      expect(await cli.shell('nekode messages general --limit 20 | head -c 10')).toMatchObject({ code: 0, stderr: '' })
      expect((await cli.shell(`echo hello | nekode send general - | grep -c '^msg_'`)).stdout).toBe('1\n')
      expect((await cli.run(['messages', 'general'])).stdout).not.toContain('\u001b')
    }),
  60_000,
)

test(
  'a program that follows gets each message as it comes, and ends by SIGINT with 130',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const cli = new Cli(place)
      await cli.login(server)
      const argv = [...commandOf('nekode'), 'messages', 'general', '--follow', '--limit', '0', '--json']
      const follower = place.start(argv, { name: 'follower', env: cli.env })
      await eventually(
        async () => {
          await cli.ok(['send', 'general', 'tick'])
          return follower.output.includes('tick')
        },
        { what: 'a message arrives', stop: () => follower.ended },
      )
      process.kill(follower.pid, 'SIGINT')
      expect(await follower.exited).toBe(130)
      for (const line of follower.output.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ content: 'tick' })
    }),
  60_000,
)

test(
  'a demo agent on a real daemon is made, asked, allowed to write, and answers; a second person at another terminal sees it',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      await startDaemon(place, server, { name: 'box' })
      const cli = new Cli(place)
      await cli.login(server)
      const { items } = await cli.ok(['computers'])
      expect(items).toMatchObject([{ displayName: 'box', status: 'online' }])
      expect(await cli.ok(['agents', 'create', 'demo', '--runtime', 'demo'])).toMatchObject({
        name: 'demo',
        channels: [{ target: '#general' }],
      })

      const terminal = cli.terminal(['send', 'general', '--wait', '@demo please write a file'])
      await terminal.shows('nekode approvals allow ')
      const [pending] = (await cli.ok(['approvals'])).items
      expect(pending).toMatchObject({ kind: 'edit', state: 'pending' })
      const follower = cli.terminal(['runs', 'show', pending.runId, '--follow'])
      await follower.shows('waits for permission')
      expect(await cli.ok(['approvals', 'allow', pending.id])).toMatchObject({ state: 'allowed' })
      expect([await terminal.exited, await follower.exited]).toEqual([0, 0])

      const run = await cli.ok(['runs', 'show', pending.runId])
      expect(run.run).toMatchObject({ state: 'completed' })
      const { items: thread } = await cli.ok(['messages', 'general', '--thread', run.run.inputMessageId])
      const [question, answer] = thread
      expect(question.content).toBe('@demo please write a file')
      expect(answer).toMatchObject({ sender: { kind: 'agent', name: 'demo' }, runId: pending.runId })
      // The same words on the screen of the one who asked.
      expect(terminal.screen.replaceAll('\r\n', '\n')).toContain(`\n${answer.content.trimEnd()}\n`)
    }),
  60_000,
)

test(
  'a run that waits for permission is interrupted, retried and denied',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      await startDaemon(place, server, { name: 'box' })
      const cli = new Cli(place)
      await cli.login(server)
      await cli.ok(['agents', 'create', 'demo', '--runtime', 'demo', '--approvals', 'ask'])
      const waiting = async (): Promise<{ id: string; runId: string }> =>
        eventually(async () => (await cli.ok(['approvals'])).items[0], { what: 'a permission request' })
      const ended = (runId: string): Promise<Ended> => cli.run(['runs', 'show', runId, '--follow'])

      const sent = await cli.ok(['send', '@demo', 'write'])
      const first = await waiting()
      await cli.ok(['run-action', first.runId, 'interrupt'])
      expect((await ended(first.runId)).code).toBe(1)
      await cli.ok(['run-action', first.runId, 'retry'])
      const second = await waiting()
      expect(second.runId).not.toBe(first.runId)
      await cli.ok(['approvals', 'deny', second.id, '--message', 'not today'])
      // A demo agent that may not do one thing asks for the next, or says what it could not do.
      for (;;) {
        const { run } = await cli.ok(['runs', 'show', second.runId])
        if (['completed', 'failed', 'canceled'].includes(run.state)) break
        for (const { id } of (await cli.ok(['approvals'])).items) await cli.run(['approvals', 'deny', id])
      }
      const { items } = await cli.ok(['runs', 'list', '--agent', 'demo'])
      expect(items.map((r: { id: string }) => r.id).sort()).toEqual([first.runId, second.runId].sort())
      expect(sent.message.target).toStartWith('dm:')
      const denied = (await cli.ok(['approvals', 'list', '--state', 'denied'])).items
      expect(denied.map((a: { id: string }) => a.id)).toContain(second.id)
    }),
  60_000,
)
