import { NekodeError } from '@shared/errors'
import { type RuntimeSpec, runtimeSpec } from './catalog'
import { Child } from './child'
import { runtimeEnv } from './env'
import { firstOnPath } from './program'

type Env = Record<string, string | undefined>

/** The command that installs a runtime with what is on this computer; undefined when it cannot be installed from here. */
export function installCommand({ install }: RuntimeSpec, env: Env): string[] | undefined {
  if (!install) return undefined
  const packages = install.slice(3)
  if (firstOnPath(['npm'], env)) return ['npm', 'install', '--global', ...packages]
  return firstOnPath(['bun'], env) ? ['bun', 'add', '--global', ...packages] : undefined
}

export interface InstallOptions {
  /** Environment of the daemon. Default: its own. */
  env?: Env
  /** Lines of the installer, as they come. */
  onLine(line: string): void
  signal?: AbortSignal
}

/**
 * Installs the runtime by the command of the catalog.
 * @throws NekodeError not_found for an unknown kind, precondition when it cannot be installed here, unavailable when the
 *   installer failed, with its last lines
 */
export async function installRuntime(kind: string, options: InstallOptions): Promise<void> {
  const env = options.env ?? process.env
  const spec = runtimeSpec(kind)
  if (!spec) throw new NekodeError('not_found', `There is no runtime "${kind}".`)
  const [installer, ...args] = installCommand(spec, env) ?? []
  const program = installer ? firstOnPath([installer], env) : undefined
  if (!program)
    throw new NekodeError('precondition', `${spec.label} cannot be installed from here.`, {
      code: 'cannot_install',
      next: spec.install ? 'Install Node with npm, or Bun, on that computer first.' : spec.docs,
    })
  options.onLine(`$ ${[installer, ...args].join(' ')}`)
  const child = new Child({
    argv: [program, ...args],
    cwd: env.HOME ?? '/',
    env: runtimeEnv(kind, env),
    onLine: options.onLine,
    onStderr: options.onLine,
    onExit: () => undefined,
  })
  child.closeInput()
  const stop = () => void child.stop()
  options.signal?.addEventListener('abort', stop)
  const { code, signal } = await child.exited
  options.signal?.removeEventListener('abort', stop)
  options.signal?.throwIfAborted()
  if (code === 0) return
  throw new NekodeError('unavailable', `${installer} ended with ${code ?? signal}: ${child.lastWords}`, {
    code: 'install_failed',
    next: 'Look at its output, or run the command on that computer yourself.',
  })
}
