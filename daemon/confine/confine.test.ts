import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UNCONFINED } from '@shared/contract/agents'
import { createLogger } from '@shared/log'
import { Child } from '../runtimes/child'
import { failureFromExit, type ProcessEnd } from '../runtimes/failure'
import { claimGroups, Group } from './cgroup'
import { type Cell, Confiner } from './confine'
import { bringLogin } from './logins'
import { needOf } from './need'
import { findSandbox } from './support'

const log = createLogger({ write: () => undefined })
const support = await findSandbox(process.env)
const canSandbox = 'path' in support
if (!canSandbox) console.log(`no sandbox can be made here, so the tests with one are left out: ${support.problem}`)

let root: string
let home: string
let workspace: string
let stateDir: string
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-confine-')))
})
beforeEach(() => {
  const place = mkdtempSync(join(root, 'case-'))
  home = join(place, 'home')
  workspace = join(home, 'agents/ann/workspace')
  stateDir = join(home, '.nekode/daemon/agents/ann')
  for (const folder of [workspace, stateDir]) mkdirSync(folder, { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true }))

interface Result extends ProcessEnd {
  out: string
  words: string
}

async function run(
  script: string,
  inside: Promise<Cell | undefined> | undefined,
  env: Record<string, string> = {},
): Promise<Result> {
  const lines: string[] = []
  const cell = await inside
  const child = new Child({
    argv: ['/bin/sh', '-c', script],
    cwd: workspace,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
    cell,
    onLine: (line) => void lines.push(line),
    onStderr: () => undefined,
    onExit: () => undefined,
  })
  child.closeInput()
  return { ...(await child.exited), out: lines.join('\n'), words: child.lastWords }
}

const plain = { alwaysSandboxed: false }
function cell(own: Partial<typeof UNCONFINED>, kind = 'custom', confiner = new Confiner(process.env, log)) {
  return confiner.cell({
    need: needOf({ ...UNCONFINED, ...own }, plain),
    kind,
    workspace,
    stateDir,
    readable: [],
    hidden: [join(home, '.nekode/daemon')],
  })
}

/** What is in a home, and none of an agent's business. */
function secrets(): Record<string, string> {
  const paths = {
    key: join(home, '.ssh/id_ed25519'),
    config: join(home, '.nekode/daemon.json'),
    token: join(home, '.nekode/daemon/.token'),
    otherState: join(home, '.nekode/daemon/agents/bob/mcp.json'),
    otherWorkspace: join(home, 'agents/bob/workspace/plan.md'),
    letter: join(home, 'letter.txt'),
    elsewhere: join(root, 'elsewhere.txt'),
  }
  for (const path of Object.values(paths)) {
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, 'SECRET')
  }
  return paths
}

for (const _ of canSandbox ? ['sandbox'] : []) {
  test('a sandboxed agent reads nothing outside of its workspace, however it asks', async () => {
    const paths = secrets()
    symlinkSync(paths.key ?? '', join(workspace, 'link'))
    const wanted = [
      ...Object.values(paths),
      join(workspace, 'link'),
      '../../bob/workspace/plan.md',
      '/etc/shadow',
      '/proc/1/environ',
    ]
    const script = wanted.map((path) => `cat '${path}' 2>/dev/null`).join('; ')
    const { out } = await run(`${script}; find / -name id_ed25519 2>/dev/null; echo end`, cell({ sandbox: true }), {
      NEKODE_TEST: 'own',
    })
    expect(out).not.toContain('SECRET')
    expect(out).not.toContain('id_ed25519')
    expect(out).toEndWith('end')
    // The same words without a sandbox do find them.
    expect((await run(script, undefined)).out).toContain('SECRET')
  })

  test('it writes into its workspace, its home and /tmp, and nowhere else', async () => {
    const script = [
      'echo work > result.txt',
      'echo mine > "$HOME/.note" && cat "$HOME/.note"',
      'echo temp > /tmp/x && cat /tmp/x',
      `for path in /usr/x /etc/x /x '${home}/../x' /run/../var/x; do echo no > "$path" 2>/dev/null && echo "wrote $path"; done`,
      'ls -A /tmp',
    ]
    const { out } = await run(script.join('; '), cell({ sandbox: true }))
    expect(out).toContain('mine\ntemp')
    // What is beside its home lies in its own /tmp here.
    expect(out.replace(/^wrote .*home\/\.\.\/x$/m, '')).not.toContain('wrote')
    expect(out).toEndWith('\nx')
    expect(readFileSync(join(workspace, 'result.txt'), 'utf8')).toBe('work\n')
    // Its home is its own, and stays.
    expect(existsSync(join(home, '.note'))).toBe(false)
    expect((await run('cat "$HOME/.note"', cell({ sandbox: true }))).out).toBe('mine')
    expect(existsSync(join(home, '../x'))).toBe(false)
  })

  test('it sees no process but its own, and what it leaves behind ends with it', async () => {
    const { out } = await run(
      `ls /proc | grep -c '^[0-9]'; kill -0 ${process.pid} 2>&1; sleep 3600 & echo`,
      cell({ sandbox: true }),
    )
    expect(Number(out.split('\n')[0])).toBeLessThan(6)
    expect(out).toMatch(/No such process|not permitted/i)
    expect(Bun.spawnSync(['pgrep', '-f', `${workspace}.*sleep 3600`]).stdout.toString()).toBe('')
  })

  test('it reaches the daemon on loopback, unless its network is off', async () => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('pong') })
    const ask = `exec 3<>/dev/tcp/127.0.0.1/${server.port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`
    const script = `bash -c '${ask.replaceAll("'", `'\\''`)}'`
    expect((await run(script, cell({ sandbox: true }))).out).toContain('pong')
    expect((await run(script, cell({ sandbox: true, network: false }))).out).not.toContain('pong')
    await server.stop(true)
  })

  test('folders that its settings name can be read, and not written', async () => {
    const shared = join(home, 'shared')
    mkdirSync(shared)
    writeFileSync(join(shared, 'guide.md'), 'GUIDE')
    const script = `cat '${shared}/guide.md'; echo x > '${shared}/new' || echo refused`
    const { out } = await run(script, cell({ sandbox: true, readable: [shared] }))
    expect(out).toContain('GUIDE')
    expect(out).toContain('refused')
    expect((await run(`cat '${shared}/guide.md'`, cell({ sandbox: true }))).out).not.toContain('GUIDE')
  })

  test('a folder with the daemon’s files in it cannot be shown, nor one of them', async () => {
    for (const path of [home, join(home, '.nekode'), join(home, '.nekode/daemon'), join(stateDir, 'x/..')])
      expect(cell({ sandbox: true, readable: [path] })).rejects.toThrow('has the daemon')
    expect(await cell({ sandbox: true, readable: [join(home, 'agents')] })).toBeDefined()
  })

  test('it has the login of its own runtime, as a copy, and no other one', async () => {
    mkdirSync(join(home, '.codex'))
    mkdirSync(join(home, '.claude'))
    writeFileSync(join(home, '.codex/auth.json'), 'CODEX-LOGIN')
    writeFileSync(join(home, '.claude/.credentials.json'), 'CLAUDE-LOGIN')
    const { out } = await run(
      'cat ~/.codex/auth.json ~/.claude/.credentials.json; echo changed > ~/.codex/auth.json',
      cell({ sandbox: true }, 'codex'),
    )
    expect(out).toContain('CODEX-LOGIN')
    expect(out).not.toContain('CLAUDE-LOGIN')
    expect(readFileSync(join(home, '.codex/auth.json'), 'utf8')).toBe('CODEX-LOGIN')
  })

  test('a program in the home of a person works, also one that is a package', async () => {
    const bin = join(home, '.local/bin')
    const pack = join(home, '.npm-global/lib/node_modules/agent')
    for (const folder of [bin, pack]) mkdirSync(folder, { recursive: true })
    writeFileSync(join(pack, 'words.txt'), 'from a package\n')
    writeFileSync(join(pack, 'agent.sh'), '#!/bin/sh\ncat "$(dirname "$(readlink -f "$0")")/words.txt"\n', {
      mode: 0o755,
    })
    symlinkSync(join(pack, 'agent.sh'), join(bin, 'agent'))
    expect((await run('exec "$HOME/.local/bin/agent"', cell({ sandbox: true }))).out).toBe('from a package')
  })

  test('its exit code and the signal that ended it are told as without a sandbox', async () => {
    expect(await run('exit 7', cell({ sandbox: true }))).toMatchObject({ code: 7, signal: null })
    expect(await run('kill -SEGV $$', cell({ sandbox: true }))).toMatchObject({ code: null, signal: 'SIGSEGV' })
  })

  test('the command line holds no variable, because others can read it', async () => {
    const made = (await cell({ sandbox: true }))?.enter(['/bin/true'], {
      HOME: home,
      PATH: '/bin',
      TOKEN: 'geheim-1234',
    })
    expect(made?.argv.join(' ')).not.toContain('geheim')
    expect(made?.env).toMatchObject({ TOKEN: 'geheim-1234', TMPDIR: '/tmp' })
  })
}

test('without bubblewrap an agent that has to be in a sandbox does not start, and it is said what to do', async () => {
  const bare = new Confiner({ PATH: join(root, 'nothing') }, log)
  const failure = await cell({ sandbox: true }, 'custom', bare).catch((error: unknown) => error)
  expect(failure).toMatchObject({ failure: { reason: 'sandbox_unavailable' } })
  expect(String(failure)).toMatch(
    process.platform === 'linux' ? /bwrap\) is not installed.*apt install bubblewrap/ : /There is no sandbox/,
  )
})

test('where user namespaces are refused, it is said how to allow them', async () => {
  if (process.platform !== 'linux') return expect(await findSandbox(process.env)).toHaveProperty('problem')
  const bin = join(home, 'bin')
  mkdirSync(bin)
  const refusing = '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n'
  writeFileSync(join(bin, 'bwrap'), refusing, { mode: 0o755 })
  expect(await findSandbox({ PATH: `${bin}:${process.env.PATH}` })).toMatchObject({
    problem: 'bubblewrap cannot make a sandbox: bwrap: No permissions to create new namespace.',
    next: expect.stringContaining('kernel.unprivileged_userns_clone=1'),
  })
})

test('what the settings do not ask for costs nothing', async () => {
  expect(await cell({})).toBeUndefined()
})

test.each([
  ['the stricter of both counts', { memoryMb: 100, processes: 50 }, { memoryMb: 200, processes: 10 }, [100, 10]],
  ['the computer’s alone', {}, { memoryMb: 200 }, [200, undefined]],
  ['the agent’s alone', { processes: 7 }, {}, [undefined, 7]],
] as const)('limits: %s', (_, own, ceilings, [memoryMb, processes]) => {
  const { limits } = needOf({ ...UNCONFINED, ...own }, { ...plain, ...ceilings })
  expect(limits.memoryBytes).toBe(memoryMb === undefined ? undefined : memoryMb * 1024 ** 2)
  expect(limits.processes).toBe(processes)
})

test('a computer can put every agent into a sandbox', () => {
  expect(needOf(UNCONFINED, { alwaysSandboxed: true }).sandbox).toEqual({ network: true, readable: [] })
})

test('an agent that takes too much memory is ended, and told so', async () => {
  const script = 'exec "$0" -e "const held = []; setInterval(() => held.push(new Uint8Array(50e6).fill(1)), 20)"'
  const limited = cell({ memoryMb: 300 })
  const end = await run(script.replace('"$0"', `'${process.execPath}'`), limited)
  expect(end.limit).toBe('it took more memory than its limit of 300 MB')
  expect(failureFromExit(end, 'Agent', end.words)).toEqual({
    reason: 'resource_limit',
    message: 'Agent was ended: it took more memory than its limit of 300 MB',
  })
})

test('an agent that starts too many processes is ended with all of them', async () => {
  const end = await run('for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3611 & done; wait', cell({ processes: 8 }))
  expect(end.limit).toBe('it started more than its limit of 8 processes')
  expect(Bun.spawnSync(['pgrep', '-f', 'sleep 3611']).stdout.toString()).toBe('')
})

test('an agent within its limits knows nothing of them', async () => {
  const { code, limit, out } = await run('echo fine', cell({ memoryMb: 300, processes: 50, cpuPercent: 50 }))
  expect([code, limit, out]).toEqual([0, undefined, 'fine'])
})

test('groups are made below the daemon’s own, with each limit in its file, and what was hit is read back', () => {
  // The files of a kernel with control groups v2: this one may have none, or not let us have them.
  const mount = join(home, 'cgroup')
  const own = join(mount, 'system.slice/nekode-daemon.service')
  mkdirSync(own, { recursive: true })
  writeFileSync(join(own, 'cgroup.controllers'), 'cpuset cpu io memory pids\n')
  const mounts = `25 1 0:22 / /sys rw - sysfs sysfs rw\n36 25 0:31 / ${mount} rw,nosuid - cgroup2 cgroup2 rw\n`
  const groups = claimGroups(mounts, '0::/system.slice/nekode-daemon.service\n')
  expect(groups).toEqual({ folder: join(own, 'agents'), hasShare: true })
  const agents = groups?.folder ?? ''
  expect(readFileSync(join(own, 'daemon/cgroup.procs'), 'utf8')).toBe(String(process.pid))
  for (const folder of [own, agents])
    expect(readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu')
  // Started again in place it is in its group already.
  expect(claimGroups(mounts, '0::/system.slice/nekode-daemon.service/daemon\n')).toEqual(groups)
  const group = new Group(agents, 'one', { memoryBytes: 2 ** 28, processes: 20, cpuPercent: 150 })
  const text = (file: string) => readFileSync(join(group.path, file), 'utf8')
  expect(['memory.max', 'memory.oom.group', 'pids.max', 'cpu.max'].map(text)).toEqual([
    '268435456',
    '1',
    '20',
    '150000 100000',
  ])
  expect(group.verdict()).toBeUndefined()
  writeFileSync(join(group.path, 'pids.events'), 'max 3\n')
  expect(group.verdict()).toContain('20 processes')
  writeFileSync(join(group.path, 'memory.events'), 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n')
  expect(group.verdict()).toContain('256 MB')
  expect(group.enter(['/bin/true', 'a b']).slice(3)).toEqual([group.path, '/bin/true', 'a b'])
})

test('a service of a user is often not given the processors; memory and processes are kept by groups even so', () => {
  const mount = join(home, 'cgroup')
  mkdirSync(mount)
  writeFileSync(join(mount, 'cgroup.controllers'), 'memory pids\n')
  const mounts = `36 25 0:31 / ${mount} rw - cgroup2 cgroup2 rw\n`
  expect(claimGroups(mounts, '0::/\n')).toEqual({ folder: join(mount, 'agents'), hasShare: false })
  expect(readFileSync(join(mount, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids')
})

test.each([
  ['no control groups', '25 1 0:22 / /sys rw - sysfs sysfs rw\n', '0::/x\n'],
  ['version 1 only', '30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n', '4:memory:/x\n'],
])('there are no groups to divide: %s', (_, mounts, own) => {
  expect(claimGroups(mounts, own)).toBeUndefined()
})

test('a newer login takes the place of the copy, an older one does not', () => {
  const own = join(stateDir, 'home')
  mkdirSync(join(home, '.codex'))
  writeFileSync(join(home, '.codex/auth.json'), 'first')
  bringLogin('codex', { HOME: home }, own)
  const copy = join(own, '.codex/auth.json')
  writeFileSync(copy, 'refreshed by the agent')
  bringLogin('codex', { HOME: home }, own)
  expect(readFileSync(copy, 'utf8')).toBe('refreshed by the agent')
  rmSync(copy)
  bringLogin('codex-cli', { HOME: home }, own)
  expect(readFileSync(copy, 'utf8')).toBe('first')
})

test('a login in another folder is found by its variable, which names the usual folder in the sandbox', () => {
  const other = join(home, 'elsewhere')
  mkdirSync(other)
  writeFileSync(join(other, 'auth.json'), 'there')
  const own = join(stateDir, 'home')
  expect(bringLogin('codex', { HOME: home, CODEX_HOME: other }, own)).toEqual({ CODEX_HOME: join(home, '.codex') })
  expect(readFileSync(join(own, '.codex/auth.json'), 'utf8')).toBe('there')
})
