/** A runtime that daemons know how to drive, as ListRuntimePresets and the console show it before any computer has reported. */
export interface RuntimePreset {
  kind: string
  displayName: string
  provider: string
  /** Empty: the runtime's own. */
  defaultModel: string
  /** Looked for on the computer's PATH. Empty: nothing to look for. */
  command: string
  aliases: readonly string[]
  /** Arguments that come before all others. */
  defaultArgs: readonly string[]
  /** Variables of the daemon that say where the program is. */
  envVarNames: readonly string[]
  installHint: readonly string[]
  capabilities: readonly { name: string; description: string; enabled: boolean }[]
  recommended: boolean
  description: string
}

type Given = Partial<RuntimePreset> & Pick<RuntimePreset, 'kind' | 'displayName' | 'provider' | 'description'>

/** What every runtime can do; what a single computer's program can do is in that computer's inventory. */
const CAPABILITIES = [
  { name: 'code_execution', description: 'Runs commands.', enabled: true },
  { name: 'file_write', description: 'Writes files in its workspace.', enabled: true },
  { name: 'shell', description: 'Uses a shell.', enabled: true },
]

const preset = (given: Given): RuntimePreset => ({
  defaultModel: '',
  command: '',
  aliases: [],
  defaultArgs: [],
  envVarNames: [],
  installHint: [],
  capabilities: CAPABILITIES,
  recommended: false,
  ...given,
})

const npm = (...packages: string[]): string => `npm install --global ${packages.join(' ')}`

/** The daemon's own catalogue says how each is driven; a test holds the two together. */
export const PRESETS: readonly RuntimePreset[] = [
  preset({
    kind: 'claude',
    displayName: 'Claude Code',
    provider: 'anthropic',
    command: 'claude',
    aliases: ['claude-code'],
    envVarNames: ['NEKODE_CLAUDE_PATH'],
    installHint: [npm('@anthropic-ai/claude-code'), 'Run `claude` and log in with /login, or set ANTHROPIC_API_KEY.'],
    recommended: true,
    description: 'Streams, asks before it acts, takes messages in the middle of a turn, resumes its session.',
  }),
  preset({
    kind: 'codex',
    displayName: 'Codex CLI',
    provider: 'openai',
    command: 'codex',
    aliases: ['codex-cli'],
    envVarNames: ['NEKODE_CODEX_PATH'],
    installHint: [npm('@openai/codex'), 'Run `codex login`, or set CODEX_API_KEY.'],
    recommended: true,
    description: 'Streams, asks before it acts, takes messages in the middle of a turn, resumes its session.',
  }),
  preset({
    kind: 'opencode',
    displayName: 'opencode',
    provider: 'opencode',
    command: 'opencode',
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_OPENCODE_PATH'],
    installHint: [npm('opencode-ai'), 'Run `opencode auth login`.'],
    recommended: true,
    description: 'Works with many providers and local models.',
  }),
  preset({
    kind: 'gemini',
    displayName: 'Gemini CLI',
    provider: 'google',
    command: 'gemini',
    defaultArgs: ['--acp'],
    envVarNames: ['NEKODE_GEMINI_PATH'],
    installHint: [npm('@google/gemini-cli'), 'Run `gemini` and log in, or set GEMINI_API_KEY.'],
    recommended: true,
    description: 'Google’s agent for the terminal.',
  }),
  preset({
    kind: 'kimi',
    displayName: 'Kimi Code',
    provider: 'moonshot',
    command: 'kimi',
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_KIMI_PATH'],
    installHint: ['Use its vendor’s installer.', 'Run `kimi login`.'],
    recommended: true,
    description: 'Moonshot’s agent for the terminal.',
  }),
  preset({
    kind: 'qwen',
    displayName: 'Qwen Code',
    provider: 'alibaba',
    command: 'qwen',
    aliases: ['qwen-code'],
    defaultArgs: ['--acp'],
    envVarNames: ['NEKODE_QWEN_PATH'],
    installHint: [npm('@qwen-code/qwen-code'), 'Run `qwen` and log in, or set OPENAI_API_KEY and OPENAI_BASE_URL.'],
    description: 'Needs about 550 MB of memory.',
  }),
  preset({
    kind: 'copilot',
    displayName: 'GitHub Copilot CLI',
    provider: 'github',
    command: 'copilot',
    defaultArgs: ['--acp'],
    envVarNames: ['NEKODE_COPILOT_PATH', 'NEKODE_COPILOT_MODEL'],
    installHint: [npm('@github/copilot'), 'Run `copilot` and log in with /login.'],
    description: 'GitHub’s agent for the terminal.',
  }),
  preset({
    kind: 'goose',
    displayName: 'goose',
    provider: 'block',
    command: 'goose',
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_GOOSE_PATH'],
    installHint: ['Use its vendor’s installer.', 'Run `goose configure`.'],
    description: 'Works with many providers.',
  }),
  preset({
    kind: 'cursor-agent',
    displayName: 'Cursor CLI',
    provider: 'cursor',
    command: 'cursor-agent',
    aliases: ['cursor'],
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_CURSOR_PATH'],
    installHint: ['Use its vendor’s installer.', 'Run `cursor-agent login`, or set CURSOR_API_KEY.'],
    description: 'Cursor’s agent for the terminal.',
  }),
  preset({
    kind: 'openclaw',
    displayName: 'OpenClaw',
    provider: 'openclaw',
    command: 'openclaw',
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_OPENCLAW_PATH'],
    installHint: [npm('openclaw'), 'Run `openclaw onboard`; its gateway must be running.'],
    description: 'A bridge to a running OpenClaw gateway.',
  }),
  preset({
    kind: 'hermes',
    displayName: 'Hermes Agent',
    provider: 'nous',
    command: 'hermes',
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_HERMES_PATH'],
    installHint: ['Install hermes-agent with its acp extra.', 'Run `hermes setup`.'],
    description: 'A Python program.',
  }),
  preset({
    kind: 'pi',
    displayName: 'pi',
    provider: 'pi',
    command: 'pi',
    envVarNames: ['NEKODE_PI_PATH'],
    installHint: [npm('@mariozechner/pi-coding-agent', 'pi-acp'), 'Run `pi` and log in with /login.'],
    description: 'Has no permission requests: it acts without asking.',
  }),
  preset({
    kind: 'kiro-cli',
    displayName: 'Kiro CLI',
    provider: 'kiro',
    command: 'kiro-cli',
    aliases: ['kiro'],
    defaultArgs: ['acp'],
    envVarNames: ['NEKODE_KIRO_PATH'],
    installHint: ['Use its vendor’s installer.', 'Run `kiro-cli login`.'],
    description: 'Kiro’s agent for the terminal.',
  }),
  preset({
    kind: 'custom',
    displayName: 'Custom command',
    provider: 'custom',
    aliases: ['command'],
    recommended: true,
    description: 'Any program: the turn on standard input, the answer on standard output, one process for each turn.',
  }),
  preset({
    kind: 'acp',
    displayName: 'Custom ACP agent',
    provider: 'custom',
    aliases: ['custom-acp'],
    description: 'Any program that speaks the Agent Client Protocol on its standard streams.',
  }),
  preset({
    kind: 'builtin',
    displayName: 'Built-in agent',
    provider: 'nekode',
    installHint: ['Give the daemon OPENAI_API_KEY or ANTHROPIC_API_KEY, or start Ollama with a model.'],
    recommended: true,
    description: 'Needs no program: file and shell tools on any OpenAI-compatible or Anthropic endpoint.',
  }),
  preset({
    kind: 'neko',
    displayName: 'Neko vision agent',
    provider: 'nekode',
    aliases: ['neko-agent'],
    installHint: ['Give the agent NEKO_URL, NEKO_USER and NEKO_PASS of a Neko server, and a model that sees pictures.'],
    capabilities: [{ name: 'desktop', description: 'Uses mouse and keyboard of a remote desktop.', enabled: true }],
    recommended: true,
    description: 'Works by sight on the screen of a Neko server, or on a desktop of its own.',
  }),
  preset({
    kind: 'demo',
    displayName: 'Demo agent (no model)',
    provider: 'nekode',
    description: 'Thinks nothing: it shows streaming, a tool call, an approval and a file change.',
  }),
]

const byName = new Map(PRESETS.flatMap((p) => [p.kind, ...p.aliases].map((name) => [name, p] as const)))

/** By kind or alias. */
export const findPreset = (kind: string): RuntimePreset | undefined => byName.get(kind)

/** In the order of the catalogue, best first. Experimental ones only when asked for. */
export function listPresets(options: { includeExperimental?: boolean; kindPrefix?: string } = {}): RuntimePreset[] {
  const { includeExperimental = false, kindPrefix = '' } = options
  return PRESETS.filter((p) => (includeExperimental || p.recommended) && p.kind.startsWith(kindPrefix))
}
