import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import type { Config } from '../config/config'
import { userName } from './machine'
import { managerOf, OWN_USER, type Mode, type Plan, planService, type ServiceFacts, type Step } from './plan'

export interface ServiceOptions {
  config: Pick<Config, 'path'>
  program: readonly string[]
  env: Record<string, string | undefined>
  /** Default: `system` for root, `user` for everybody else. */
  mode?: Mode | undefined
}

/** What this computer and the caller make of a service. @throws NekodeError when that is not possible */
export function serviceFacts({ config, program, env, mode }: ServiceOptions): ServiceFacts {
  const { uid } = userInfo()
  // Bun takes the name from USER, which service managers and containers often leave out.
  const username = userName(uid) ?? userInfo().username
  const isRoot = uid === 0
  if (mode === 'system' && !isRoot && process.platform !== 'win32')
    throw new NekodeError('forbidden', 'A service for the whole machine needs root.', {
      next: 'Run it with sudo, or give --user.',
    })
  const manager = managerOf(
    process.platform,
    existsSync('/run/systemd/system') || env.NEKODE_DAEMON_SERVICE_MANAGER === 'systemd',
  )
  return {
    manager,
    mode: mode ?? (isRoot || manager === 'task' ? 'system' : 'user'),
    program,
    configPath: config.path,
    home: env.NEKODE_HOME,
    user: isRoot ? userOf(env, config.path) : (env.NEKODE_DAEMON_USER ?? username),
    userId: uid,
    userHome: env.HOME ?? homedir(),
  }
}

/**
 * Whom the service of a machine runs as. Coding agents are logged in as a person, so it is the person who called sudo, or the one whose
 * configuration it is. Without one it is a user of its own: agents run commands, and as root only when somebody says so.
 */
function userOf(env: ServiceOptions['env'], configPath: string): string {
  if (env.NEKODE_DAEMON_USER) return env.NEKODE_DAEMON_USER
  const owner = statSync(configPath, { throwIfNoEntry: false })?.uid
  if (owner) return userName(owner) ?? String(owner)
  return env.SUDO_USER && env.SUDO_USER !== 'root' ? env.SUDO_USER : OWN_USER
}

/** Installs the service, or brings it up to date, and starts it. @returns what people should know besides */
export async function installService(plan: Plan): Promise<string[]> {
  if (plan.log) prepareLog(plan.log)
  if (plan.file) writePublic(plan.file.path, plan.file.text)
  return runSteps(plan.start)
}

/** Starts the installed service anew. */
export const restartService = (plan: Plan): Promise<string[]> => runSteps(plan.restart)

/** Ends the installed service, which stays installed. */
export const haltService = (plan: Plan): Promise<string[]> => runSteps(plan.halt)

/** Starts the installed service that does not run. */
export const beginService = (plan: Plan): Promise<string[]> => runSteps(plan.begin)

/** Stops and removes the service. The configuration and the agents' folders stay. */
export async function uninstallService(plan: Plan): Promise<string[]> {
  const warnings = await runSteps(plan.stop)
  if (plan.file) rmSync(plan.file.path, { force: true })
  return warnings
}

/** The services of this program that are installed on this computer: for the machine, or for the user who asks. */
export function installedServices(options: Omit<ServiceOptions, 'mode'>): Plan[] {
  let facts: ServiceFacts
  try {
    facts = serviceFacts({ ...options, mode: 'user' })
  } catch (error) {
    if (error instanceof NekodeError && error.code === 'no_service_manager') return []
    throw error
  }
  const plans = [planService({ ...facts, mode: 'system' }), planService(facts)]
  return facts.manager === 'task' ? plans.slice(0, 1) : plans.filter(({ file }) => file && existsSync(file.path))
}

/** `not_installed` and `stopped` where the service manager says so. */
export async function serviceState(plan: Plan): Promise<'running' | 'stopped' | 'not_installed'> {
  if (plan.file && !existsSync(plan.file.path)) return 'not_installed'
  return (await spawn({ argv: plan.running })).code === 0 ? 'running' : 'stopped'
}

async function runSteps(steps: readonly Step[]): Promise<string[]> {
  const warnings: string[] = []
  for (const step of steps) {
    const { code, output } = await spawn(step)
    if (code === 0) continue
    if (step.warning) warnings.push(step.warning)
    if (step.mayFail) continue
    throw new NekodeError('precondition', `${step.argv.join(' ')} ended with ${code}: ${output.trim()}`, {
      code: 'service_failed',
      next: 'Look at what it says; nekode-daemon run works without a service.',
    })
  }
  return warnings
}

async function spawn({ argv, input }: Step): Promise<{ code: number; output: string }> {
  try {
    const child = Bun.spawn(argv, {
      stdin: input === undefined ? 'ignore' : new Blob([input]),
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, output: out + err }
  } catch (error) {
    return { code: 127, output: errorText(error) }
  }
}

/** A file that everybody may read, whole or not at all. */
function writePublic(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.new.${process.pid}`
  writeFileSync(temporary, text, { mode: 0o644 })
  chmodSync(temporary, 0o644)
  renameSync(temporary, path)
}

function prepareLog(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

export { planService }
