/** Which driver runs a kind. */
export type DriverName = 'claude' | 'codex' | 'acp' | 'command' | 'builtin' | 'neko' | 'demo'

export interface RuntimeSpec {
  kind: string
  label: string
  provider: string
  driver: DriverName
  /** Other names for the kind. */
  aliases?: readonly string[]
  /** Names to look for on the PATH, the first one found wins. Empty: nothing to install. */
  commands: readonly string[]
  /** Environment variable of the daemon that names the program, instead of the search. */
  pathEnv?: string
  /** Arguments that put the program into the mode which the driver speaks. */
  args: readonly string[]
  /** A separate program that speaks the protocol for it. */
  adapter?: { command: string; install: readonly string[] }
  /** Command that installs it. npm packages: run by whichever of npm and bun is there. */
  install?: readonly string[]
  /** What to do to log in, for a person. */
  login?: string
  /** Environment variables that its child gets from the daemon: keys, endpoints, folders of its configuration. */
  loginEnv: readonly string[]
  modelFlag?: string
  authMethod?: string
  /** Session mode in which it asks before it acts. */
  mode?: string
  usage?: 'turn' | 'process'
  /** Shown first. */
  recommended: boolean
  docs: string
}

const OPENAI = ['OPENAI_API_KEY', 'OPENAI_BASE_URL']
const ANTHROPIC = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_MODEL']
const GOOGLE = [
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_CLOUD_LOCATION',
  'GOOGLE_GENAI_USE_VERTEXAI',
]
const GITHUB = ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN']
const MODEL = [
  'NEKODE_MODEL_BASE_URL',
  'NEKODE_MODEL_API_KEY',
  'NEKODE_MODEL_PROVIDER',
  'NEKODE_MODEL',
  'NEKODE_MODEL_CONTEXT',
  ...OPENAI,
  ...ANTHROPIC,
  'OLLAMA_HOST',
]
const NEKO = [
  'NEKO_URL',
  'NEKO_USER',
  'NEKO_PASS',
  'NEKO_WS',
  'NEKO_AGENT_TYPE',
  'NEKO_FRAMES',
  'NEKO_ICE_POLICY',
  'NEKO_STUN_URL',
  'NEKO_TURN_URL',
  'NEKO_TURN_USER',
  'NEKO_TURN_PASS',
]

/** Every runtime that an agent can have. Options, argument forms and login variables are those of the programs' own documentation. */
export const RUNTIMES: readonly RuntimeSpec[] = [
  {
    kind: 'claude',
    label: 'Claude Code',
    provider: 'anthropic',
    driver: 'claude',
    aliases: ['claude-code'],
    commands: ['claude'],
    pathEnv: 'NEKODE_CLAUDE_PATH',
    args: [],
    install: ['npm', 'install', '--global', '@anthropic-ai/claude-code'],
    login: 'Run `claude` on that computer and log in with /login, or set ANTHROPIC_API_KEY for the daemon.',
    loginEnv: [
      ...ANTHROPIC,
      'CLAUDE_CODE_OAUTH_TOKEN',
      'CLAUDE_CONFIG_DIR',
      'CLAUDE_CODE_USE_BEDROCK',
      'CLAUDE_CODE_USE_VERTEX',
      'CLAUDE_CODE_MAX_RETRIES',
    ],
    recommended: true,
    docs: 'Streams, asks before it acts, takes messages in the middle of a turn, resumes its session, prices its turns.',
  },
  {
    kind: 'codex',
    label: 'Codex CLI',
    provider: 'openai',
    driver: 'codex',
    aliases: ['codex-cli'],
    commands: ['codex'],
    pathEnv: 'NEKODE_CODEX_PATH',
    args: [],
    install: ['npm', 'install', '--global', '@openai/codex'],
    login: 'Run `codex login` on that computer, or set CODEX_API_KEY for the daemon.',
    loginEnv: [...OPENAI, 'CODEX_API_KEY', 'CODEX_HOME'],
    recommended: true,
    docs: 'Streams, asks before it acts, takes messages in the middle of a turn, resumes its session.',
  },
  {
    kind: 'opencode',
    label: 'opencode',
    provider: 'opencode',
    driver: 'acp',
    commands: ['opencode'],
    pathEnv: 'NEKODE_OPENCODE_PATH',
    args: ['acp'],
    install: ['npm', 'install', '--global', 'opencode-ai'],
    login: 'Run `opencode auth login` on that computer.',
    loginEnv: [...OPENAI, ...ANTHROPIC, ...GOOGLE, 'OPENROUTER_API_KEY', 'OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT'],
    recommended: true,
    docs: 'Works with many providers and local models. A message sent during a turn waits for its end.',
  },
  {
    kind: 'gemini',
    label: 'Gemini CLI',
    provider: 'google',
    driver: 'acp',
    commands: ['gemini'],
    pathEnv: 'NEKODE_GEMINI_PATH',
    args: ['--acp'],
    install: ['npm', 'install', '--global', '@google/gemini-cli'],
    login: 'Run `gemini` on that computer and log in, or set GEMINI_API_KEY for the daemon.',
    loginEnv: [...GOOGLE, 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_GEMINI_BASE_URL'],
    modelFlag: '--model',
    authMethod: 'gemini-api-key',
    recommended: true,
    docs: 'A message sent during a turn waits for its end. A session cannot be resumed within the minute of its creation.',
  },
  {
    kind: 'kimi',
    label: 'Kimi Code',
    provider: 'moonshot',
    driver: 'acp',
    commands: ['kimi'],
    pathEnv: 'NEKODE_KIMI_PATH',
    args: ['acp'],
    login: 'Run `kimi login` on that computer.',
    loginEnv: ['KIMI_API_KEY', 'KIMI_BASE_URL', 'KIMI_MODEL_NAME', 'MOONSHOT_API_KEY'],
    recommended: true,
    docs: 'Installed by its vendor’s installer (Kimi Code CLI).',
  },
  {
    kind: 'qwen',
    label: 'Qwen Code',
    provider: 'alibaba',
    driver: 'acp',
    aliases: ['qwen-code'],
    commands: ['qwen'],
    pathEnv: 'NEKODE_QWEN_PATH',
    args: ['--acp'],
    install: ['npm', 'install', '--global', '@qwen-code/qwen-code'],
    login: 'Run `qwen` on that computer and log in, or set OPENAI_API_KEY and OPENAI_BASE_URL for the daemon.',
    loginEnv: [...OPENAI, 'OPENAI_MODEL', 'DASHSCOPE_API_KEY'],
    modelFlag: '--model',
    mode: 'default',
    recommended: false,
    docs: 'Needs about 550 MB of memory.',
  },
  {
    kind: 'copilot',
    label: 'GitHub Copilot CLI',
    provider: 'github',
    driver: 'acp',
    commands: ['copilot'],
    pathEnv: 'NEKODE_COPILOT_PATH',
    args: ['--acp'],
    install: ['npm', 'install', '--global', '@github/copilot'],
    login: 'Run `copilot` on that computer and log in with /login.',
    loginEnv: [...GITHUB, 'COPILOT_HOME', 'COPILOT_MODEL', 'COPILOT_PROVIDER_BASE_URL', 'COPILOT_PROVIDER_API_KEY'],
    modelFlag: '--model',
    usage: 'process',
    recommended: false,
    docs: 'A login that has expired is answered as text, not as an error.',
  },
  {
    kind: 'goose',
    label: 'goose',
    provider: 'block',
    driver: 'acp',
    commands: ['goose'],
    pathEnv: 'NEKODE_GOOSE_PATH',
    args: ['acp'],
    login: 'Run `goose configure` on that computer.',
    loginEnv: [...OPENAI, ...ANTHROPIC, ...GOOGLE, 'GOOSE_PROVIDER', 'GOOSE_MODEL', 'OPENROUTER_API_KEY'],
    recommended: false,
    docs: 'Works with many providers.',
  },
  {
    kind: 'cursor-agent',
    label: 'Cursor CLI',
    provider: 'cursor',
    driver: 'acp',
    aliases: ['cursor'],
    commands: ['cursor-agent'],
    pathEnv: 'NEKODE_CURSOR_PATH',
    args: ['acp'],
    login: 'Run `cursor-agent login` on that computer, or set CURSOR_API_KEY for the daemon.',
    loginEnv: ['CURSOR_API_KEY'],
    recommended: false,
    docs: 'Installed by its vendor’s installer.',
  },
  {
    kind: 'openclaw',
    label: 'OpenClaw',
    provider: 'openclaw',
    driver: 'acp',
    commands: ['openclaw'],
    pathEnv: 'NEKODE_OPENCLAW_PATH',
    args: ['acp'],
    install: ['npm', 'install', '--global', 'openclaw'],
    login: 'Run `openclaw onboard` on that computer; its gateway must be running.',
    loginEnv: ['OPENCLAW_GATEWAY_URL', 'OPENCLAW_GATEWAY_TOKEN'],
    recommended: false,
    docs: 'A bridge to a running OpenClaw gateway.',
  },
  {
    kind: 'hermes',
    label: 'Hermes Agent',
    provider: 'nous',
    driver: 'acp',
    commands: ['hermes'],
    pathEnv: 'NEKODE_HERMES_PATH',
    args: ['acp'],
    login: 'Run `hermes setup` on that computer.',
    loginEnv: [...OPENAI, ...ANTHROPIC, 'OPENROUTER_API_KEY', 'HERMES_HOME'],
    recommended: false,
    docs: 'A Python program: install hermes-agent with its acp extra.',
  },
  {
    kind: 'pi',
    label: 'pi',
    provider: 'pi',
    driver: 'acp',
    commands: ['pi'],
    pathEnv: 'NEKODE_PI_PATH',
    args: [],
    adapter: { command: 'pi-acp', install: ['npm', 'install', '--global', 'pi-acp'] },
    install: ['npm', 'install', '--global', '@mariozechner/pi-coding-agent', 'pi-acp'],
    login: 'Run `pi` on that computer and log in with /login.',
    loginEnv: [...OPENAI, ...ANTHROPIC, ...GOOGLE, 'OPENROUTER_API_KEY', 'PI_CODING_AGENT_DIR'],
    recommended: false,
    docs: 'Speaks through the pi-acp adapter. It has no permission requests: it acts without asking.',
  },
  {
    kind: 'kiro-cli',
    label: 'Kiro CLI',
    provider: 'kiro',
    driver: 'acp',
    aliases: ['kiro'],
    commands: ['kiro-cli'],
    pathEnv: 'NEKODE_KIRO_PATH',
    args: ['acp'],
    login: 'Run `kiro-cli login` on that computer.',
    loginEnv: ['KIRO_HOME', 'AWS_PROFILE', 'AWS_REGION'],
    recommended: false,
    docs: 'Installed by its vendor’s installer.',
  },
  {
    kind: 'custom',
    label: 'Custom command',
    provider: 'custom',
    driver: 'command',
    aliases: ['command'],
    commands: [],
    args: [],
    loginEnv: [],
    recommended: true,
    docs: 'Any program: the turn on standard input, the answer on standard output, one process for each turn.',
  },
  {
    kind: 'acp',
    label: 'Custom ACP agent',
    provider: 'custom',
    driver: 'acp',
    aliases: ['custom-acp'],
    commands: [],
    args: [],
    loginEnv: [],
    recommended: false,
    docs: 'Any program that speaks the Agent Client Protocol on its standard streams.',
  },
  {
    kind: 'builtin',
    label: 'Built-in agent',
    provider: 'nekode',
    driver: 'builtin',
    commands: [],
    args: [],
    login:
      'Set OPENAI_API_KEY or ANTHROPIC_API_KEY for the daemon, or NEKODE_MODEL_BASE_URL for another endpoint, or start Ollama with a model.',
    loginEnv: MODEL,
    recommended: true,
    docs: 'Needs no program: a small agent with file and shell tools on any OpenAI-compatible or Anthropic endpoint.',
  },
  {
    kind: 'neko',
    label: 'Neko vision agent',
    provider: 'nekode',
    driver: 'neko',
    aliases: ['neko-agent'],
    commands: [],
    args: [],
    login:
      'Give the agent NEKO_URL, NEKO_USER and NEKO_PASS of a Neko server, and a model that sees pictures: OPENROUTER_API_KEY, OPENAI_API_KEY or ANTHROPIC_API_KEY, or NEKODE_MODEL_BASE_URL of the daemon.',
    loginEnv: [...NEKO, ...MODEL, 'OPENROUTER_API_KEY', 'OPENROUTER_BASE_URL', 'OPENROUTER_MODEL'],
    recommended: true,
    docs: 'Works by sight on the screen of a Neko server, or on a desktop of its own, with a model that sees pictures.',
  },
  {
    kind: 'demo',
    label: 'Demo agent (no model)',
    provider: 'nekode',
    driver: 'demo',
    commands: [],
    args: [],
    loginEnv: [],
    recommended: false,
    docs: 'Thinks nothing: it walks through streaming, a tool call, an approval and a file change to show how they look.',
  },
]

const BY_NAME = new Map(
  RUNTIMES.flatMap((spec) => [spec.kind, ...(spec.aliases ?? [])].map((name) => [name, spec] as const)),
)

/** By kind or alias. */
export const runtimeSpec = (kind: string): RuntimeSpec | undefined => BY_NAME.get(kind)
