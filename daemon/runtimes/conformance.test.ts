import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { contract, type Subject } from '../../test/agents/contract'
import { createDriver, runtimeEnv } from '.'

function baseEnv(kind: string, home: string, extra: Record<string, string> = {}): Record<string, string> {
  mkdirSync(home, { recursive: true })
  return runtimeEnv(kind, { PATH: process.env.PATH, HOME: home }, extra)
}

contract('acp', (home): Subject => {
  const agent = join(import.meta.dir, '../../test/fixtures/acp-agent.ts')
  return {
    driver: () => createDriver('acp', { command: [process.execPath, agent] }),
    env: baseEnv('acp', home),
    shell: (command) => ({ tool: 'shell', input: { command } }),
    mcpTool: 'nekode::send_message',
    steers: false,
    isProcess: true,
    usesModel: false,
    recall: 'recall',
  }
})

for (const provider of ['openai-compatible', 'anthropic'])
  contract(`builtin-${provider}`, (home, url): Subject => {
    const endpoint = {
      NEKODE_MODEL_BASE_URL: `${url}/v1`,
      NEKODE_MODEL_API_KEY: 'test-key',
      NEKODE_MODEL_PROVIDER: provider,
    }
    return {
      driver: () => createDriver('builtin', { builtin: { retryMs: 10 } }),
      env: baseEnv('builtin', home, endpoint),
      shell: (command) => ({ tool: 'run_command', input: { command } }),
      mcpTool: 'mcp__nekode__send_message',
      steers: true,
      isProcess: false,
      usesModel: true,
    }
  })
