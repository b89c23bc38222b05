import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDriver, runtimeEnv } from '../../daemon/runtimes'
import type { Subject } from './contract'

const BIN = join(import.meta.dir, 'node_modules/.bin')

/** Absolute path of one of the programs. */
export const programOf = (name: 'codex' | 'claude'): string => join(BIN, name)

/** The programs of this folder's package, installed when they are missing. @throws when they cannot be installed */
export function installClis(): void {
  if (existsSync(programOf('codex')) && existsSync(programOf('claude'))) return
  const command = [process.execPath, 'install', '--frozen-lockfile']
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd: import.meta.dir, stdout: 'ignore', stderr: 'pipe' })
  if (exitCode !== 0) throw new Error(`the agent CLIs could not be installed: ${stderr.toString().slice(-1000)}`)
}

/** Codex with a provider of its own: the scripted model. */
export function codex(home: string, modelUrl: string): Subject {
  const folder = join(home, '.codex')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'config.toml'),
    [
      // Other models are offered their MCP tools in other ways; this one stays as it is.
      'model = "gpt-5.5"',
      'model_provider = "local"',
      '[model_providers.local]',
      'name = "local"',
      `base_url = "${modelUrl}/v1"`,
      'wire_api = "responses"',
      'env_key = "CODEX_API_KEY"',
      'request_max_retries = 1',
      'stream_max_retries = 1',
    ].join('\n'),
  )
  const daemon = { PATH: process.env.PATH, HOME: home, CODEX_HOME: folder, CODEX_API_KEY: 'test-key' }
  return {
    driver: () => createDriver('codex', { command: [programOf('codex')] }),
    env: runtimeEnv('codex', daemon),
    shell: (command) => ({ tool: 'exec_command', input: { cmd: command } }),
    mcpTool: 'mcp__nekode::send_message',
    steers: true,
    isProcess: true,
    usesModel: true,
  }
}

/** Claude Code with the scripted model as its API. */
export function claude(home: string, modelUrl: string): Subject {
  const daemon = {
    PATH: process.env.PATH,
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, '.claude'),
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: 'test-key',
    CLAUDE_CODE_MAX_RETRIES: '1',
  }
  return {
    driver: () => createDriver('claude', { command: [programOf('claude')] }),
    env: runtimeEnv('claude', daemon),
    shell: (command) => ({ tool: 'Bash', input: { command, description: 'run it' } }),
    mcpTool: 'mcp__nekode__send_message',
    steers: true,
    isProcess: true,
    usesModel: true,
  }
}
