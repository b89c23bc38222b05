import { existsSync } from 'node:fs'
import type { Served } from '../../local/operation'
import type { Service } from '../service'
import type { Jobs, JobsOptions, Triggered } from './jobs'
import { storePath } from './place'

/** Commands and messages by schedule, on demand, or when files change. Where there never was a job, next to nothing is loaded. */
export class JobService implements Service {
  readonly name = 'jobs'
  readonly #options: JobsOptions
  #loading: Promise<Loaded> | undefined
  #jobs: Jobs | undefined

  constructor(options: JobsOptions) {
    this.#options = options
  }

  async serve(): Promise<Map<string, Served>> {
    const { JOBS } = await import('./contract')
    return new Map(
      Object.entries(JOBS).map(([name, operation]) => [
        name,
        { operation, run: async (input, caller) => (await this.#load()).served.get(name)?.run(input, caller) },
      ]),
    )
  }

  /** Goes on with the jobs that there are. */
  async start(): Promise<void> {
    if (existsSync(storePath(this.#options.paths))) await (await this.#load()).jobs.start()
  }

  async stop(): Promise<void> {
    await (await this.#loading)?.jobs.stop()
  }

  #load(): Promise<Loaded> {
    this.#loading ??= Promise.all([import('./jobs'), import('./handlers')]).then(([{ Jobs }, { serveJobs }]) => {
      const jobs = new Jobs(this.#options)
      this.#jobs = jobs
      return { jobs, served: serveJobs(jobs) }
    })
    return this.#loading
  }

  /** Runs that are under way. */
  get active(): number {
    return this.#jobs?.active ?? 0
  }

  /** As `Jobs.get`. */
  async get(ref: string): ReturnType<Jobs['get']> {
    return (await this.#load()).jobs.get(ref)
  }

  /** As `Jobs.trigger`. */
  async trigger(...given: Parameters<Jobs['trigger']>): Promise<Triggered> {
    return (await this.#load()).jobs.trigger(...given)
  }
}

interface Loaded {
  jobs: Jobs
  served: ReadonlyMap<string, Served>
}
