import type { Limits } from './need'
import { overMemory, overProcesses } from './need'

type Env = Record<string, string | undefined>

const PATIENCE_MS = 5000

/** Variables by which systemd is reached. */
const BUS = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS']

/** A scope of systemd around one child: the limits of a control group where the daemon has none of its own to divide. */
export class Scope {
  readonly unit: string
  readonly #limits: Limits
  readonly #manager: string[]

  constructor(id: string, limits: Limits, isRoot: boolean) {
    this.unit = `nekode-agent-${id}.scope`
    this.#limits = limits
    this.#manager = isRoot ? [] : ['--user']
  }

  enter(argv: readonly string[]): string[] {
    const { memoryBytes, processes, cpuPercent } = this.#limits
    const properties = [
      ...(memoryBytes === undefined ? [] : [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0', 'OOMPolicy=kill']),
      ...(processes === undefined ? [] : [`TasksMax=${processes}`]),
      ...(cpuPercent === undefined ? [] : [`CPUQuota=${cpuPercent}%`]),
    ]
    return [
      'systemd-run',
      ...this.#manager,
      '--scope',
      '--quiet',
      `--unit=${this.unit}`,
      ...properties.flatMap((property) => ['--property', property]),
      '--',
      ...argv,
    ]
  }

  /** What systemd-run needs besides an agent's own variables. */
  environment(env: Env): Record<string, string> {
    return Object.fromEntries(BUS.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  }

  /** Which limit was hit, for people; forgets the scope. */
  async verdict(): Promise<string | undefined> {
    const { memoryBytes, processes } = this.#limits
    const asked = await systemctl([...this.#manager, 'show', '--property=Result', this.unit])
    await systemctl([...this.#manager, 'reset-failed', this.unit])
    if (memoryBytes !== undefined && asked.includes('oom-kill')) return overMemory(memoryBytes)
    if (processes !== undefined && asked.includes('resources')) return overProcesses(processes)
    return undefined
  }
}

async function systemctl(args: string[]): Promise<string> {
  try {
    const child = Bun.spawn(['systemctl', ...args], { timeout: PATIENCE_MS, stderr: 'ignore' })
    return await new Response(child.stdout).text()
  } catch {
    // Gone meanwhile: nothing is known then.
    return ''
  }
}

/** Whether scopes can really be made here, found out by making one. */
export async function makesScopes(env: Env, isRoot: boolean): Promise<boolean> {
  const path = Bun.which('systemd-run', { PATH: env.PATH ?? '' })
  if (!path) return false
  const scope = new Scope(
    `probe-${crypto.randomUUID().slice(0, 8)}`,
    { memoryBytes: 2 ** 30, processes: 64, cpuPercent: 100 },
    isRoot,
  )
  const [, ...args] = scope.enter(['true'])
  return (await Bun.spawn([path, ...args], { timeout: PATIENCE_MS, stdout: 'ignore', stderr: 'ignore' }).exited) === 0
}
