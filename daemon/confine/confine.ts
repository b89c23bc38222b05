import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Logger } from '@shared/log'
import { RuntimeFailure } from '../runtimes/failure'
import { holds, sandboxed, sandboxEnv } from './bubblewrap'
import { Group } from './cgroup'
import { bringLogin } from './logins'
import { isLimited, type Limits, type Need } from './need'
import { Scope } from './scope'
import { findSupport, type Support } from './support'
import { Watch } from './watch'

type Env = Record<string, string | undefined>

/** One child, as it is to be started and looked after. */
export interface Entered {
  argv: string[]
  env: Record<string, string>
  /** Codes above 128 stand for signals: a program around the child turns them into such. */
  wrapped: boolean
  /** The child runs. `over` has to end it. */
  started(pid: number, mark: [name: string, value: string], over: () => void): void
  /** The child is gone, with all that it started. @returns the limit that ended it, for people */
  ended(): Promise<string | undefined>
}

/** What the children of one agent are started in. */
export interface Cell {
  /** Everything that is told from outside of the workspace is refused. */
  isSandboxed: boolean
  /** @param argv with an absolute program */
  enter(argv: readonly string[], env: Record<string, string>): Entered
}

export interface CellOptions {
  need: Need
  kind: string
  /** Real path. */
  workspace: string
  stateDir: string
  /** What the sandbox has to show besides, such as the daemon's own program. */
  readable: readonly string[]
  /** Folders and files of the daemon, which nothing that an agent is shown may hold. */
  hidden: readonly string[]
}

/** Makes the cells of this computer's agents. */
export class Confiner {
  readonly #env: Env
  readonly #log: Logger
  #support: Promise<Support> | undefined

  constructor(env: Env, log: Logger) {
    this.#env = env
    this.#log = log
  }

  /** What this computer can do, looked up once. */
  support(): Promise<Support> {
    this.#support ??= this.#look()
    return this.#support
  }

  async #look(): Promise<Support> {
    const support = await findSupport(this.#env)
    const { limits, sandbox } = support
    this.#log.info('what agents can be held to', {
      limits: limits.by,
      sandbox: 'path' in sandbox ? 'bubblewrap' : sandbox.problem,
    })
    return support
  }

  /**
   * @returns undefined when nothing is asked for
   * @throws RuntimeFailure sandbox_unavailable: an agent that has to be in a sandbox never starts outside of one
   */
  async cell({ need, ...place }: CellOptions): Promise<Cell | undefined> {
    const { limits, sandbox } = need
    if (!sandbox && !isLimited(limits)) return undefined
    const support = await this.support()
    const wrap = sandbox && this.#sandbox(support, sandbox, place)
    return {
      isSandboxed: wrap !== undefined,
      enter: (argv, env) => {
        const inside = wrap ? wrap(argv, env) : { argv: [...argv], env }
        const entered = this.#limit(inside, limits, support)
        return { ...entered, wrapped: wrap !== undefined }
      },
    }
  }

  #sandbox(
    support: Support,
    { network, readable: asked }: NonNullable<Need['sandbox']>,
    { kind, workspace, stateDir, readable, hidden }: Omit<CellOptions, 'need'>,
  ) {
    if ('problem' in support.sandbox) {
      const { problem, next } = support.sandbox
      throw new RuntimeFailure('sandbox_unavailable', `${problem} ${next}`)
    }
    const { path: bwrap } = support.sandbox
    const open = asked.find((path) => hidden.some((one) => holds(resolve(path), one) || holds(one, resolve(path))))
    if (open !== undefined)
      throw new RuntimeFailure(
        'sandbox_unavailable',
        `${open} has the daemon's own files in it, so a sandbox cannot show it. Name folders in it instead, on the agent's page.`,
      )
    return (argv: readonly string[], env: Record<string, string>) => {
      const home = join(stateDir, 'home')
      mkdirSync(home, { recursive: true, mode: 0o700 })
      const moved = bringLogin(kind, env, home)
      return {
        argv: sandboxed({
          bwrap,
          argv,
          env,
          workspace,
          stateDir,
          home,
          network,
          readable: [...readable, ...asked],
        }),
        env: { ...sandboxEnv(env), ...moved },
      }
    }
  }

  #limit(
    inside: { argv: string[]; env: Record<string, string> },
    limits: Limits,
    support: Support,
  ): Omit<Entered, 'wrapped'> {
    if (!isLimited(limits)) return { ...inside, started: () => undefined, ended: () => Promise.resolve(undefined) }
    const id = crypto.randomUUID()
    if (support.limits.by === 'cgroup') {
      const group = new Group(support.limits.folder, id, limits)
      const ended = () => {
        const verdict = group.verdict()
        group.remove()
        return Promise.resolve(verdict)
      }
      return { ...inside, argv: group.enter(inside.argv), started: () => undefined, ended }
    }
    if (support.limits.by === 'scope') {
      const scope = new Scope(id, limits, process.getuid?.() === 0)
      const env = { ...scope.environment(this.#env), ...inside.env }
      return { argv: scope.enter(inside.argv), env, started: () => undefined, ended: () => scope.verdict() }
    }
    const watch = new Watch(limits)
    return {
      ...inside,
      started: (pid, mark, over) => watch.start(pid, mark, over),
      ended: () => {
        watch.stop()
        return Promise.resolve(watch.verdict())
      },
    }
  }
}
