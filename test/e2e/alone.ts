import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathsOf } from '../../daemon/config/paths'
import { LocalClient } from '../../daemon/local/client'
import { readToken, socketAddress } from '../../daemon/local/place'
import { until } from '../fixtures/control'
import { commandOf, type Place, type Program } from './program'

export interface AloneOptions {
  name?: string
  env?: Record<string, string>
  /** Settings besides those that it needs. */
  config?: Record<string, unknown>
  /** Command line before the daemon's. */
  under?: readonly string[]
}

/** A daemon without a server: for what it does for its computer. */
export class DaemonAlone {
  readonly home: string
  readonly #place: Place
  readonly #options: AloneOptions
  #program: Program | undefined

  constructor(place: Place, options: AloneOptions = {}) {
    this.#place = place
    this.#options = options
    this.home = join(place.dir, options.name ?? 'alone')
    mkdirSync(this.home, { recursive: true })
  }

  get env(): Record<string, string> {
    return { HOME: this.home, NEKODE_HOME: this.home, ...this.#options.env }
  }

  get program(): Program {
    if (!this.#program) throw new Error('the daemon was not started')
    return this.#program
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const settings = { serverUrl: 'http://127.0.0.1:1', token: 'ndt_none', computerId: 'cmp_alone', localPort: '0' }
    const config = { ...settings, logLevel: 'debug', logFormat: 'text', ...this.#options.config }
    await Bun.write(join(this.home, 'daemon.json'), JSON.stringify(config), { mode: 0o600 })
    const argv = [...(this.#options.under ?? []), ...commandOf('nekode-daemon'), 'run']
    this.#program = this.#place.start(argv, { name: 'daemon', env: this.env })
    const program = this.#program
    await until('the daemon answers', () => {
      if (program.ended) throw new Error(program.output)
      return readToken(pathsOf(this.home)) !== undefined
    })
    for (;;) {
      try {
        return void (await this.ask((client) => client.call('Ping', {})))
      } catch (error) {
        if (program.ended) throw new Error(program.output, { cause: error })
        await Bun.sleep(5)
      }
    }
  }

  /** One connection of the owner. */
  async ask<T>(work: (client: LocalClient) => Promise<T>): Promise<T> {
    const paths = pathsOf(this.home)
    const client = await LocalClient.open({
      address: socketAddress(paths),
      token: readToken(paths),
      patienceMs: 60_000,
    })
    try {
      return await work(client)
    } finally {
      client.close()
    }
  }

  /** Runs a command of the command line in this home. */
  async cli(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = Bun.spawn([...commandOf('nekode-daemon'), ...words], {
      cwd: this.home,
      env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...this.env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, out, err }
  }

  stop = (): Promise<number> => this.program.stop()
  killHard = (): Promise<void> => this.program.killHard()
}
