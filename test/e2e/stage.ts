import type { Agent, ApprovalPolicy, EnvVar } from '@shared/contract'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { programOf } from '../agents/clis'
import type { Block } from '../fixtures/model-endpoint'
import { kill } from '../setup/processes'
import { type Caller, type Place, type ServerUnderTest, eventually, startDaemon, startServer } from './harness'
import { Talk } from './talk'

/** A real coding agent, and how its user gives it an endpoint and a key. */
export interface Cli {
  kind: 'codex' | 'claude'
  /** What the scripted model calls to run a command … */
  shell(command: string): Block
  /** … and to use one of Nekode's own tools. */
  tool(name: string, input: object): Block
  env(modelUrl: string): EnvVar[]
  model: string
}

export const KEY = 'sk-test-0123456789abcdef'
const plain = (name: string, value: string): EnvVar => ({ name, value, secret: false })
const secret = (name: string): EnvVar => ({ name, value: KEY, secret: true })

export const CODEX: Cli = {
  kind: 'codex',
  shell: (command) => ({ tool: 'exec_command', input: { cmd: command } }),
  tool: (name, input) => ({ tool: `mcp__nekode::${name}`, input }),
  env: (modelUrl) => [plain('OPENAI_BASE_URL', `${modelUrl}/v1`), secret('CODEX_API_KEY')],
  // Other models are offered their MCP tools in other ways; this one stays as it is.
  model: 'gpt-5.5',
}

export const CLAUDE: Cli = {
  kind: 'claude',
  shell: (command) => ({ tool: 'Bash', input: { command, description: 'run it' } }),
  tool: (name, input) => ({ tool: `mcp__nekode__${name}`, input }),
  env: (modelUrl) => [
    plain('ANTHROPIC_BASE_URL', modelUrl),
    secret('ANTHROPIC_API_KEY'),
    plain('CLAUDE_CODE_MAX_RETRIES', '1'),
  ],
  model: '',
}

/** By itself Codex tries for half a minute before it says that an endpoint is broken. */
function lessPatient(userHome: string): void {
  mkdirSync(join(userHome, '.codex'), { recursive: true })
  const lines = ['[model_providers.nekode]', 'request_max_retries = 1', 'stream_max_retries = 1']
  writeFileSync(join(userHome, '.codex/config.toml'), lines.join('\n'))
}

/** Codex as somebody has it who has configured a provider on the computer: only the key is the agent's own. */
export function codexWithProvider(userHome: string, modelUrl: string): Cli {
  mkdirSync(join(userHome, '.codex'), { recursive: true })
  const lines = [
    'model_provider = "mine"',
    '[model_providers.mine]',
    'name = "mine"',
    `base_url = "${modelUrl}/v1"`,
    'wire_api = "responses"',
    'env_key = "MY_MODEL_KEY"',
    'request_max_retries = 1',
    'stream_max_retries = 1',
  ]
  writeFileSync(join(userHome, '.codex/config.toml'), lines.join('\n'))
  return { ...CODEX, env: () => [secret('MY_MODEL_KEY')] }
}

/** Where the daemon finds the programs, as its user would tell it. */
const PROGRAMS = { NEKODE_CODEX_PATH: programOf('codex'), NEKODE_CLAUDE_PATH: programOf('claude') }

/** A server, one computer with a daemon, and a person. */
export interface Stage {
  server: ServerUnderTest
  admin: Caller
  talk: Talk
  computerId: string
  /** Home of the daemon: its configuration and state. */
  home: string
  /** Process id of the daemon. */
  pid(): number
  /** Ends the daemon with this signal, and resolves when another one has come up in its place. */
  restartDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** A server with a computer that was enrolled. */
export async function enrolledStage(place: Place, env: Record<string, string> = {}): Promise<Stage> {
  const server = await startServer(place)
  const admin = await server.admin()
  const daemon = await startDaemon(place, server, { env: { ...PROGRAMS, ...env } })
  lessPatient(daemon.home)
  return {
    server,
    admin,
    talk: new Talk(server.url, admin),
    computerId: daemon.computerId,
    home: daemon.home,
    pid: () => daemon.program.pid,
    async restartDaemon(signal) {
      await (signal === 'SIGKILL' ? daemon.killHard() : daemon.stop())
      await daemon.start()
    },
  }
}

const Holder = z.object({ pid: z.number() })

/** A server that runs the daemon of its own computer. The user's home is the place's folder. */
export async function localStage(place: Place): Promise<Stage> {
  const server = await startServer(place, { flags: ['--local-daemon'], env: PROGRAMS })
  const admin = await server.admin()
  const home = join(server.dataDir, 'local-daemon')
  const pid = (): number => Holder.parse(JSON.parse(readFileSync(join(home, 'daemon/daemon.pid'), 'utf8'))).pid
  const computer = await eventually(
    async () => {
      const { items } = await admin.call('GET /api/computers')
      return items.find(({ local, status }) => local && status === 'online')
    },
    { what: 'this computer is online' },
  )
  return {
    server,
    admin,
    talk: new Talk(server.url, admin),
    computerId: computer.id,
    home,
    pid,
    async restartDaemon(signal) {
      const before = pid()
      const { program } = server
      const from = program.output.length
      kill(before, signal)
      await eventually(async () => program.output.slice(from).includes('registered with the server'), {
        what: 'the daemon was started again',
        stop: () => program.ended,
      })
    },
  }
}

export interface AgentOptions {
  name: string
  cli: Cli
  modelUrl: string
  approvals?: ApprovalPolicy
}

/** An agent of a real CLI. Without a policy it may do everything unasked. */
export function makeAgent(
  { admin, computerId }: Stage,
  { name, cli, modelUrl, approvals }: AgentOptions,
): Promise<Agent> {
  return admin.call('POST /api/agents', {
    body: {
      name,
      computerId,
      runtimeKind: cli.kind,
      model: cli.model,
      env: cli.env(modelUrl),
      approvals: approvals ?? { default: 'allow', rules: {} },
    },
  })
}
