import { claimGroups, groupsOfService } from './cgroup'
import { makesScopes } from './scope'

type Env = Record<string, string | undefined>

/** What this computer can hold agents to. */
export interface Support {
  /**
   * How limits are kept. `cgroup`: control groups below the daemon's own; `scope`: those that systemd makes; `watch`: the daemon looks
   * once a second, and an agent's share of the processors is not limited.
   */
  limits: { by: 'cgroup'; folder: string } | { by: 'scope' | 'watch' }
  /** Path of bubblewrap, or why there can be no sandbox and what to do about it. */
  sandbox: { path: string } | { problem: string; next: string }
}

/** Looks at what this computer can do: costs a few processes, so it is done once, when the first agent needs it. */
export async function findSupport(env: Env): Promise<Support> {
  const [limits, sandbox] = await Promise.all([findLimits(env), findSandbox(env)])
  return { limits, sandbox }
}

/** The same for a person who asks, without taking anything in hand. The daemon may be given groups that this process is not. */
export async function inspect(env: Env): Promise<{
  limits: Support['limits']['by']
  /** The share of the processors can be limited. */
  hasShare: boolean
  sandbox: Support['sandbox']
}> {
  const sandbox = await findSandbox(env)
  if (process.platform !== 'linux') return { limits: 'watch', hasShare: false, sandbox }
  const groups = groupsOfService()
  if (groups) return { limits: 'cgroup', ...groups, sandbox }
  const hasShare = await makesScopes(env, process.getuid?.() === 0)
  return { limits: hasShare ? 'scope' : 'watch', hasShare, sandbox }
}

async function findLimits(env: Env): Promise<Support['limits']> {
  if (process.platform !== 'linux') return { by: 'watch' }
  const groups = claimGroups()
  if (groups) return { by: 'cgroup', folder: groups.folder }
  return (await makesScopes(env, process.getuid?.() === 0)) ? { by: 'scope' } : { by: 'watch' }
}

/** What a sandbox asks of the kernel, without an agent in it. */
const PROBE = [
  '--unshare-user',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--die-with-parent',
  '--cap-drop',
  'ALL',
  '--ro-bind',
  '/',
  '/',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  '--tmpfs',
  '/tmp',
  '--',
  'true',
]

export async function findSandbox(env: Env): Promise<Support['sandbox']> {
  if (process.platform !== 'linux')
    return {
      problem: `There is no sandbox on ${process.platform === 'darwin' ? 'macOS' : 'this system'}.`,
      next: 'Turn the sandbox off, or give the agent a computer with Linux.',
    }
  const path = Bun.which('bwrap', { PATH: env.PATH ?? '' })
  if (!path)
    return {
      problem: 'bubblewrap (bwrap) is not installed.',
      next: 'Install it: apt install bubblewrap, dnf install bubblewrap, or apk add bubblewrap.',
    }
  const probe = Bun.spawn([path, ...PROBE], {
    timeout: 10_000,
    env: { PATH: env.PATH ?? '' },
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const said = await new Response(probe.stderr).text()
  const code = await probe.exited
  if (code === 0) return { path }
  return {
    problem: `bubblewrap cannot make a sandbox: ${said.trim().split('\n').at(-1) || `it ended with ${code}`}.`,
    next: 'Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0; on Ubuntu 24.04 an AppArmor profile for bwrap; in a container a seccomp profile that lets it unshare, and a /proc that is not masked.',
  }
}
