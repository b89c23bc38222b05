import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RuntimeInfo } from '@shared/contract/computers'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { findEndpoint, type Ollama, probeOllama } from './builtin/endpoint'
import { RUNTIMES, type RuntimeSpec } from './catalog'
import { hasOwnProvider } from './codex/provider'
import { runtimeEnv } from './env'
import { failureOf } from './failure'
import { installCommand } from './install'
import { parseJson } from './json'
import { findProgram, firstOnPath } from './program'

type Env = Record<string, string | undefined>
type Login = RuntimeInfo['login']

/** A runtime as it was found on this computer. */
export interface DetectedRuntime extends RuntimeInfo {
  /** Absolute path of the program; null when there is none or none is needed. */
  path: string | null
  /** What the login state rests on, without any secret: a command's answer, a variable's name, a file. */
  loginVia: string
}

const ASK_MS = 10_000

/**
 * What runtimes this computer has, in the order of the catalog. It asks the programs themselves and looks at files and
 * variables; nothing leaves the computer. Takes as long as the slowest program, 10 seconds at most.
 * @param env of the daemon
 */
export async function detectRuntimes(env: Env = process.env): Promise<DetectedRuntime[]> {
  const ollama = probeOllama(env)
  return await Promise.all(RUNTIMES.map((spec) => detect(spec, env, ollama)))
}

async function detect(spec: RuntimeSpec, env: Env, ollama: Promise<Ollama | null>): Promise<DetectedRuntime> {
  const shown = installCommand(spec, env)
  const base = {
    kind: spec.kind,
    displayName: spec.label,
    version: '',
    models: [],
    demo: spec.driver === 'demo',
    installCommand: shown?.join(' ') ?? '',
    canInstall: shown !== undefined,
    path: null,
    loginVia: '',
  }
  if (spec.driver === 'builtin') return { ...base, installed: true, ...(await modelState(env, await ollama)) }
  if (spec.driver === 'neko') return { ...base, installed: true, ...(await sightState(env, await ollama)) }
  if (spec.commands.length === 0) return { ...base, installed: true, login: 'not_needed', nextStep: '' }
  const { path, problem } = findProgram(spec, env)
  // The adapter is missing, not the program.
  const own = path ?? firstOnPath(spec.commands, env)
  if (!own) return { ...base, installed: false, login: 'unknown', nextStep: howToInstall(spec, problem ?? '', shown) }
  const childEnv = runtimeEnv(spec.kind, env)
  const [version, [login, loginVia]] = await Promise.all([versionOf(own, childEnv), loginOf(spec, own, childEnv)])
  const nextStep = problem ?? (login === 'no' ? (spec.login ?? '') : '')
  return { ...base, installed: problem === undefined, version, path: own, login, loginVia, nextStep }
}

function howToInstall(spec: RuntimeSpec, problem: string, shown: readonly string[] | undefined): string {
  // A variable that names nothing is to be mended, not papered over with an installation.
  if (spec.pathEnv && problem.startsWith(spec.pathEnv)) return problem
  return shown ? `Install it: ${shown.join(' ')}` : `${problem} ${spec.docs}`
}

async function modelState(
  env: Env,
  ollama: Ollama | null,
): Promise<Pick<DetectedRuntime, 'login' | 'loginVia' | 'models' | 'nextStep'>> {
  try {
    const { model, source } = await findEndpoint(env)
    const models = source.startsWith('Ollama') ? (ollama?.models ?? [model]) : [model]
    return { login: 'yes', loginVia: source, models, nextStep: '' }
  } catch (error) {
    return { login: 'no', loginVia: '', models: [], nextStep: failureOf(error).message }
  }
}

/** A model, and a server or the programs for a desktop of its own: each may also be given to the agent alone. */
async function sightState(
  env: Env,
  ollama: Ollama | null,
): Promise<Pick<DetectedRuntime, 'login' | 'loginVia' | 'models' | 'nextStep'>> {
  const routed = env.OPENROUTER_API_KEY && !env.NEKODE_MODEL_BASE_URL
  const state = routed
    ? { login: 'yes' as const, loginVia: 'OPENROUTER_API_KEY', models: [], nextStep: '' }
    : await modelState(env, ollama)
  if (state.nextStep !== '' || env.NEKO_URL || env.NEKO_WS) return state
  try {
    const { findPrograms } = await import('../neko/machine/packages')
    findPrograms(env.PATH ?? '')
    return state
  } catch (error) {
    if (!(error instanceof NekodeError)) throw error
    const own = `${error.message} ${error.next ?? ''}`.trim()
    return {
      ...state,
      nextStep: `Give the agent NEKO_URL, NEKO_USER and NEKO_PASS of a Neko server. For a desktop of its own: ${own}`,
    }
  }
}

async function versionOf(path: string, env: Record<string, string>): Promise<string> {
  const { output } = await ask([path, '--version'], env)
  return /\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?/.exec(output)?.[0] ?? ''
}

const ClaudeStatus = z.looseObject({ loggedIn: z.boolean(), authMethod: z.string().nullish() })

type State = [Login, string]

/** Claude Code and Codex answer for themselves; of the others only files and variables can be looked at. */
async function loginOf(spec: RuntimeSpec, path: string, env: Record<string, string>): Promise<State> {
  const home = env.HOME ?? '/'
  const data = env.XDG_DATA_HOME ?? join(home, '.local/share')
  switch (spec.kind) {
    case 'claude': {
      const status = ClaudeStatus.safeParse(parseJson((await ask([path, 'auth', 'status'], env)).output)).data
      if (!status) return ['unknown', '']
      return status.loggedIn ? ['yes', status.authMethod ?? 'claude auth status'] : ['no', 'claude auth status']
    }
    case 'codex': {
      const { code } = await ask([path, 'login', 'status'], env)
      if (code === 0) return ['yes', 'codex login status']
      const variable = fromVariable(env, ['CODEX_API_KEY', 'OPENAI_BASE_URL'])
      if (variable) return variable
      return code === 1 && !hasOwnProvider(env) ? ['no', 'codex login status'] : ['unknown', '']
    }
    case 'opencode':
      // It also runs on free and on local models.
      return fromFile(join(data, 'opencode/auth.json'), 'unknown')
    case 'gemini':
      return (
        fromVariable(env, ['GEMINI_API_KEY', 'GOOGLE_API_KEY']) ??
        fromFile(join(home, '.gemini/oauth_creds.json'), 'no')
      )
    case 'qwen':
      return fromVariable(env, ['OPENAI_API_KEY']) ?? fromFile(join(home, '.qwen/oauth_creds.json'), 'unknown')
    case 'copilot':
      return (
        fromVariable(env, ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_BASE_URL']) ?? [
          'unknown',
          '',
        ]
      )
    case 'cursor-agent':
      return fromVariable(env, ['CURSOR_API_KEY']) ?? ['unknown', '']
    default:
      return ['unknown', '']
  }
}

function fromVariable(env: Record<string, string>, names: string[]): State | undefined {
  const name = names.find((candidate) => env[candidate])
  return name ? ['yes', name] : undefined
}

const fromFile = (path: string, otherwise: Login): State => (existsSync(path) ? ['yes', path] : [otherwise, ''])

/** Runs a question to the end of its output; a program that hangs or cannot be run gives no answer. */
async function ask(argv: string[], env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  try {
    const child = Bun.spawn(argv, {
      env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      timeout: ASK_MS,
      killSignal: 'SIGKILL',
    })
    const late = Bun.sleep(ASK_MS + 500).then(() => '')
    const output = await Promise.race([new Response(child.stdout).text(), late])
    return { code: await child.exited, output: output.slice(0, 10_000) }
  } catch {
    // Not executable here (another architecture, no permission): found, but it says nothing.
    return { code: null, output: '' }
  }
}
