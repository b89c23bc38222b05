import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { runtimeSpec } from '../runtimes/catalog'

type Env = Record<string, string | undefined>

/** What a runtime knows its login and settings by: files below the home, or below the folder that a variable names. */
interface Login {
  folder: string
  /** Variable that names another folder. */
  variable?: string
  files: readonly string[]
}

/** By kind of runtime; what is not here logs in by variables alone. */
const LOGINS: Record<string, readonly Login[]> = {
  claude: [
    { folder: '.claude', variable: 'CLAUDE_CONFIG_DIR', files: ['.credentials.json', 'settings.json'] },
    { folder: '.', files: ['.claude.json'] },
  ],
  codex: [{ folder: '.codex', variable: 'CODEX_HOME', files: ['auth.json', 'config.toml'] }],
  opencode: [
    { folder: '.local/share/opencode', files: ['auth.json'] },
    { folder: '.config/opencode', files: ['opencode.json', 'opencode.jsonc', 'config.json'] },
  ],
  gemini: [
    {
      folder: '.gemini',
      files: ['oauth_creds.json', 'google_accounts.json', 'settings.json', 'installation_id', '.env'],
    },
  ],
  qwen: [{ folder: '.qwen', files: ['oauth_creds.json', 'settings.json', '.env'] }],
  kimi: [{ folder: '.kimi', files: ['config.toml', 'config.json', 'credentials.json'] }],
  copilot: [{ folder: '.copilot', variable: 'COPILOT_HOME', files: ['config.json'] }],
  goose: [{ folder: '.config/goose', files: ['config.yaml', 'secrets.yaml'] }],
  'cursor-agent': [
    { folder: '.cursor', files: ['cli-config.json'] },
    { folder: '.config/cursor', files: ['auth.json'] },
  ],
  openclaw: [{ folder: '.openclaw', files: ['openclaw.json'] }],
  hermes: [{ folder: '.hermes', variable: 'HERMES_HOME', files: ['.env', 'config.yaml', 'auth.json'] }],
  pi: [{ folder: '.pi/agent', variable: 'PI_CODING_AGENT_DIR', files: ['auth.json', 'settings.json', 'models.json'] }],
  'kiro-cli': [{ folder: '.kiro', variable: 'KIRO_HOME', files: ['settings.json'] }],
}

/**
 * Copies a runtime's login from the person's home into the home that a sandboxed agent has of its own. A copy, because these programs
 * replace their files as they go; one that is newer than the copy (somebody logged in again) takes its place.
 * @returns variables that name other folders now
 */
export function bringLogin(kind: string, env: Env, home: string): Record<string, string> {
  const changed: Record<string, string> = {}
  const from = env.HOME
  if (!from) return changed
  for (const { folder, variable, files } of LOGINS[runtimeSpec(kind)?.kind ?? kind] ?? []) {
    const named = variable === undefined ? undefined : env[variable]
    if (variable !== undefined && named && isAbsolute(named)) changed[variable] = join(from, folder)
    for (const file of files)
      copy(join(named && isAbsolute(named) ? named : join(from, folder), file), join(home, folder, file))
  }
  return changed
}

function copy(from: string, to: string): void {
  const there = statSync(from, { throwIfNoEntry: false })
  if (!there?.isFile()) return
  const here = statSync(to, { throwIfNoEntry: false })
  if (here && here.mtimeMs >= there.mtimeMs) return
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  copyFileSync(from, to)
}
