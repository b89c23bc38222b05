import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

type Env = Record<string, string | undefined>

/** Parts of the system that every program needs, and that hold no person's files. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix', '/gnu']
/** In /etc, but nobody's business; where the daemon runs as root the sandbox could read them. */
const SECRET_FILES = ['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-', '/etc/sudoers']
const SECRET_FOLDERS = [
  '/etc/nekode',
  '/etc/ssh',
  '/etc/ssl/private',
  '/etc/sudoers.d',
  '/etc/letsencrypt',
  '/etc/wireguard',
]
/** Where people have programs in their home: tools, no settings and no keys. */
const TOOLS = [
  '.local/bin',
  '.local/share/claude/versions',
  '.local/share/pnpm',
  '.local/share/fnm',
  '.local/pipx',
  '.local/share/uv/tools',
  '.bun/bin',
  '.bun/install/global',
  '.npm-global',
  '.nvm/versions',
  '.volta/bin',
  '.volta/tools',
  '.opencode/bin',
  '.cargo/bin',
  '.rustup/toolchains',
  '.deno/bin',
  '.pyenv/versions',
  '.pyenv/shims',
  '.kimi/bin',
  'go/bin',
]

export interface SandboxOptions {
  bwrap: string
  /** Command line with an absolute program. */
  argv: readonly string[]
  env: Env
  /** Real path. */
  workspace: string
  /** The agent's own folder for its driver's files. */
  stateDir: string
  /** What it has in place of the home of the daemon's user. */
  home: string
  network: boolean
  /** What else it may read. */
  readable: readonly string[]
}

/** A command line that runs another one in a sandbox: the system read-only, the workspace, a home and a /tmp of its own. */
export function sandboxed(options: SandboxOptions): string[] {
  const { bwrap, argv, env, workspace, stateDir, home, network, readable } = options
  const real = env.HOME ?? '/root'
  const programs = argv.filter((word) => word.startsWith('/')).flatMap(programFolders)
  const tools = TOOLS.map((folder) => join(real, folder))
  const own = [home, workspace, stateDir]
  // Not what holds the agent's own folders: the rest of that is hidden on purpose.
  const found = [...tools, ...programs].filter((path) => !own.some((one) => holds(path, one)))
  const shown = [...new Set([...readable, ...found])].filter((path) => existsSync(path) && !inSystem(path))
  return [
    bwrap,
    '--unshare-user',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    ...(network ? [] : ['--unshare-net']),
    '--die-with-parent',
    '--cap-drop',
    'ALL',
    ...SYSTEM.flatMap(asItIs),
    ...SECRET_FILES.flatMap((path) => (existsSync(path) ? ['--ro-bind', '/dev/null', path] : [])),
    ...SECRET_FOLDERS.flatMap((path) => (existsSync(path) ? ['--tmpfs', path] : [])),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    '--tmpfs',
    '/var/tmp',
    '--tmpfs',
    '/run',
    ...resolver(),
    '--bind',
    home,
    real,
    ...shown.flatMap((path) => ['--ro-bind', path, path]),
    '--bind',
    stateDir,
    stateDir,
    '--bind',
    workspace,
    workspace,
    // What is left of the root itself is empty, and stays so.
    '--remount-ro',
    '/',
    '--chdir',
    workspace,
    '--',
    ...argv,
  ]
}

/** The variables of what runs in a sandbox. What they name outside of it would only mislead. */
export function sandboxEnv(env: Record<string, string>): Record<string, string> {
  const { XDG_RUNTIME_DIR: _, NEKODE_LOCAL_SOCKET: __, ...rest } = env
  return { ...rest, TMPDIR: '/tmp' }
}

/** A folder of the system, or the link that it is on most systems. */
function asItIs(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return []
  return found.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}

/** The list of name servers is often a link into /run. */
function resolver(): string[] {
  try {
    const path = realpathSync('/etc/resolv.conf')
    return path.startsWith('/etc/') ? [] : ['--ro-bind', path, path]
  } catch {
    // No list, or a link to nothing: names are not resolved outside of the sandbox either.
    return []
  }
}

/** What a program lies in, as far as it needs that: its own file, its package with those beside it, or its folder. */
function programFolders(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isFile()) return []
  const real = realpathSync(path)
  return [path, real].flatMap((one) => {
    const modules = one.indexOf(`${sep}node_modules${sep}`)
    return modules < 0 ? [one] : [one.slice(0, modules + `${sep}node_modules`.length), one]
  })
}

const inSystem = (path: string): boolean => SYSTEM.some((folder) => holds(folder, resolve(path)))
/** Whether a path is a folder, or lies in it. */
export const holds = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}${sep}`)
