import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@shared/log'
import { z } from 'zod'
import { Dispatcher, type Reply } from '../../local/dispatch'
import { type LocalEvent, LocalEvents } from '../../local/events'
import type { Say } from './attempt'
import { type Run, runShape } from './shapes'
import { JobService } from './service'
import type { Time } from './time'

/** A clock that is set by hand. Its timers go by what has passed, not by what it shows. */
export class HandTime implements Time {
  #now: number
  #passed = 0
  #timers: { at: number; work: () => void }[] = []

  constructor(now: string | number) {
    this.#now = typeof now === 'number' ? now : Date.parse(now)
  }

  now(): number {
    return this.#now
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.#passed + ms, work }
    this.#timers.push(timer)
    return () => (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.length
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const end = this.#passed + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#now += next.at - this.#passed
      this.#passed = next.at
      next.work()
    }
    this.#now += end - this.#passed
    this.#passed = end
  }

  /** Sets the clock; no time passes by that. */
  set(now: string | number): void {
    this.#now = typeof now === 'number' ? now : Date.parse(now)
  }
}

export type Said = Parameters<Say>[0]

/** The jobs of a home of their own, with real processes. */
export class JobsHere {
  readonly home: string
  readonly state: string
  readonly lines: string[] = []
  readonly told: LocalEvent[] = []
  readonly said: Said[] = []
  readonly secrets = new Map<string, string>()
  say: Say = async (saying) => this.said.push(saying)
  readonly #time: Time | undefined
  #jobs: JobService | undefined
  #dispatcher: Dispatcher | undefined

  constructor({ time, home }: { time?: Time; home?: string } = {}) {
    this.#time = time
    this.home = home ?? mkdtempSync(join(tmpdir(), 'nekode-jobs-'))
    this.state = join(this.home, 'daemon')
    mkdirSync(this.state, { recursive: true })
  }

  get jobs(): JobService {
    if (!this.#jobs) throw new Error('the jobs were not started')
    return this.#jobs
  }

  async start(): Promise<this> {
    const log = createLogger({ level: 'debug', write: (line) => this.lines.push(line) })
    const events = new LocalEvents()
    const publish = events.publish.bind(events)
    events.publish = (event) => {
      this.told.push(event)
      publish(event)
    }
    const jobs = new JobService({
      paths: { state: this.state },
      log,
      events,
      env: { ...process.env, HOME: this.home },
      mark: { id: this.home, pidDir: join(this.state, 'pids') },
      say: (saying) => this.say(saying),
      secretOf: (name) => this.secrets.get(name),
      ...(this.#time ? { time: this.#time } : {}),
    })
    this.#jobs = jobs
    this.#dispatcher = new Dispatcher({
      serve: () => jobs.serve(),
      log,
      token: 'token',
      agentOf: (token) => (token === 'agent' ? 'agent_1' : undefined),
      clean: (input) => input,
    })
    await jobs.start()
    return this
  }

  async stop(): Promise<void> {
    await this.#jobs?.stop()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async clean(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true, force: true })
  }

  /** A request as it comes over the socket. */
  async ask(type: string, fields: object = {}): Promise<Reply> {
    if (!this.#dispatcher) throw new Error('the jobs were not started')
    return (await this.#dispatcher.answer({ type, ...fields })).reply
  }

  /** Adds a job. @returns its id */
  async add(submission: object): Promise<string> {
    const reply = Created.safeParse(await this.ask('JobSubmit', submission))
    if (!reply.success) throw new Error(`not added: ${JSON.stringify(await this.ask('JobSubmit', submission))}`)
    return reply.data.id
  }

  async runs(id?: string): Promise<Run[]> {
    const reply = await this.ask('JobRuns', id === undefined ? {} : { id })
    return Runs.parse(reply).runs
  }

  /** Waits until the newest run of a job is over. */
  async over(id: string): Promise<Run> {
    for (let from = 0; ;) {
      const { run, end, over } = Output.parse(await this.ask('JobOutput', { id, from, wait_ms: 20_000 }))
      if (over) return run
      from = end
    }
  }

  async text(id: string): Promise<string> {
    return Detail.parse(await this.ask('JobStatus', { id })).job.output
  }

  async events(id: string): Promise<string[]> {
    const { events } = History.parse(await this.ask('JobHistory', { id }))
    return events.map(({ event }) => event).toReversed()
  }
}

const Created = z.object({ type: z.literal('JobCreated'), id: z.string() })
const Runs = z.object({ runs: z.array(runShape()) })
const Output = z.object({ run: runShape(), end: z.number(), over: z.boolean() })
const Detail = z.object({ job: z.object({ output: z.string() }) })
const History = z.object({ events: z.array(z.object({ event: z.string() })) })

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 50_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come to hold: ${holds}`)
    await Bun.sleep(5)
  }
}
