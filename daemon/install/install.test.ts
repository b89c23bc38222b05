import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { managerOf, planService, plistText, type ServiceFacts, taskScript, unitText } from './plan'
import { machineEnv } from './machine'
import { installService, serviceFacts, serviceState, uninstallService } from './service'

const root = join(import.meta.dir, '../..')
const facts: ServiceFacts = {
  manager: 'systemd',
  mode: 'system',
  program: ['/usr/local/bin/nekode-daemon'],
  configPath: '/etc/nekode/daemon.json',
  home: undefined,
  user: 'nekode',
  userId: 0,
  userHome: '/root',
}
const odd = {
  ...facts,
  program: ['/opt/a b/50%/$x/"q"/nekode-daemon'],
  configPath: '/etc/<a>&b.json',
  home: "/home/o'hara",
}

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nekode-install-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('the unit and the property list are those that we hand out', () => {
  expect(unitText(facts)).toBe(readFileSync(join(root, 'deploy/systemd/nekode-daemon.service'), 'utf8'))
  expect(plistText(facts, '/var/log/nekode-daemon.log')).toBe(
    readFileSync(join(root, 'deploy/launchd/tech.nekode.daemon.plist'), 'utf8'),
  )
})

test('words are taken literally by whoever reads them', () => {
  expect(unitText(odd)).toContain(
    'ExecStart="/opt/a b/50%%/$$x/\\"q\\"/nekode-daemon" run --config "/etc/<a>&b.json"\n',
  )
  expect(unitText(odd)).toContain(`Environment="NEKODE_HOME=/home/o'hara"\n`)
  expect(plistText(odd, '/x')).toContain('<string>/etc/&lt;a&gt;&amp;b.json</string>')
  expect(taskScript(odd, 'C:\\log')).toContain(`set "NEKODE_HOME=/home/o''hara" && "/opt/a b/50%/$x/`)
})

test('a service as root, which somebody has to ask for, is root', () => {
  const unit = unitText({ ...facts, user: 'root' })
  expect(unit).toContain('User=root\n')
  expect(unit).not.toContain('NoNewPrivileges')
  expect(unitText(facts)).toContain('NoNewPrivileges=true\n')
})

test('a service for one user has no user of its own and starts with that user', () => {
  const unit = unitText({ ...facts, mode: 'user' })
  expect(unit).not.toContain('User=')
  expect(unit).toContain('WantedBy=default.target\n')
  expect(planService({ ...facts, mode: 'user', userHome: '/home/ann' }).file?.path).toBe(
    '/home/ann/.config/systemd/user/nekode-daemon.service',
  )
})

test.each([
  ['linux', true, 'systemd'],
  ['darwin', false, 'launchd'],
  ['win32', false, 'task'],
] as const)('%s has %s', (platform, hasSystemd, manager) => {
  expect(managerOf(platform, hasSystemd)).toBe(manager)
})

test('where there is no service manager, people are told what to do instead', () => {
  expect(() => managerOf('linux', false)).toThrow('There is no service manager here')
})

/** The command line with service managers that only write down what they are told. */
async function cli(words: string[], env: Record<string, string> = {}) {
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const name of ['systemctl', 'loginctl']) {
    const fake = `#!/bin/sh\necho "${name} $*" >> "${home}/calls"\nif [ "$2" = "$FAIL" ]; then echo broken; exit 1; fi\n`
    writeFileSync(join(bin, name), fake)
    chmodSync(join(bin, name), 0o755)
  }
  const child = Bun.spawn([process.execPath, join(root, 'daemon/main.ts'), ...words], {
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: home, NEKODE_DAEMON_SERVICE_MANAGER: 'systemd', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}
const calls = () => readFileSync(join(home, 'calls'), 'utf8').trim().split('\n')
const unitPath = () => join(home, '.config/systemd/user/nekode-daemon.service')

test('install writes the unit and starts it, uninstall takes both away and leaves the configuration', async () => {
  mkdirSync(join(home, '.nekode'))
  const config = join(home, '.nekode/daemon.json')
  writeFileSync(config, '{"token":"ndt_x"}', { mode: 0o600 })
  expect(await cli(['install', '--user'])).toMatchObject({ code: 0, err: '' })
  expect(statSync(unitPath()).mode & 0o777).toBe(0o644)
  expect(readFileSync(unitPath(), 'utf8')).toContain(`run --config "${config}"\n`)
  expect(readFileSync(unitPath(), 'utf8')).not.toContain('ndt_x')
  expect(calls().slice(0, 3)).toEqual([
    'systemctl --user daemon-reload',
    'systemctl --user enable nekode-daemon',
    'systemctl --user restart nekode-daemon',
  ])
  expect((await cli(['status'])).out).toContain('log         journalctl --user -u nekode-daemon\n')
  const { code, err } = await cli(['uninstall', '--user'])
  expect(code).toBe(0)
  expect(err).toContain('runs from its sources; there is no program to replace')
  expect(existsSync(unitPath())).toBe(false)
  expect(existsSync(config)).toBe(true)
})

test('a computer that is not enrolled gets no service', async () => {
  const { code, err } = await cli(['install', '--user'])
  expect(code).toBe(3)
  expect(err).toContain('not enrolled')
  expect(existsSync(unitPath())).toBe(false)
})

test('a service that does not start is told, with what the service manager says', async () => {
  mkdirSync(join(home, '.nekode'))
  writeFileSync(join(home, '.nekode/daemon.json'), '{"token":"ndt_x"}')
  const { code, err } = await cli(['install', '--user'], { FAIL: 'restart' })
  expect(code).toBe(1)
  expect(err).toContain('systemctl --user restart nekode-daemon ended with 1: broken')
})

test('the state of a service is known, also when there is none', async () => {
  const path = join(home, 'unit')
  const plan = {
    name: 'x',
    file: { path, text: 'unit' },
    start: [],
    stop: [],
    restart: [],
    halt: [],
    begin: [],
    running: ['false'],
    logCommand: '',
  }
  expect(await serviceState(plan)).toBe('not_installed')
  await installService(plan)
  expect(await serviceState(plan)).toBe('stopped')
  expect(await serviceState({ ...plan, running: ['true'] })).toBe('running')
  await uninstallService(plan)
  expect(await serviceState(plan)).toBe('not_installed')
})

// `bun run test` installs it, or says by name that it could not.
const analyze = Bun.which('systemd-analyze')
for (const mode of analyze ? (['system', 'user'] as const) : [])
  test(`systemd has nothing against the ${mode} unit`, () => {
    const path = join(home, 'nekode-daemon.service')
    writeFileSync(path, unitText({ ...facts, mode, program: ['/bin/sh'], home: '/srv/ne ko%de' }))
    const { stdout, stderr, exitCode } = Bun.spawnSync([analyze ?? '', `--${mode}`, 'verify', path], {
      env: { ...process.env, XDG_RUNTIME_DIR: home },
    })
    expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(['', '', 0])
  })

test('the service of a machine never runs as root unless somebody says so', () => {
  const config = { path: join(home, 'daemon.json') }
  const facts = (env: Record<string, string>) =>
    serviceFacts({ config, program: ['x'], env: { NEKODE_DAEMON_SERVICE_MANAGER: 'systemd', ...env }, mode: 'user' })
      .user
  const isRoot = process.getuid?.() === 0
  expect(facts({ SUDO_USER: 'ann' })).toBe(isRoot ? 'ann' : facts({}))
  if (!isRoot) return
  expect(facts({})).toBe('nekode')
  expect(facts({ SUDO_USER: 'root' })).toBe('nekode')
  expect(facts({ NEKODE_DAEMON_USER: 'root' })).toBe('root')
  writeFileSync(config.path, '{}')
  chownSync(config.path, 65_534, 65_534)
  expect(facts({ SUDO_USER: 'ann' })).toBe('nobody')
})

test('root finds the daemon of the whole machine in the home of its user', () => {
  if (process.getuid?.() !== 0) return expect(machineEnv({ HOME: home }, undefined, home)).toEqual({ HOME: home })
  const etc = join(home, 'etc')
  const config = join(etc, 'nekode/daemon.json')
  mkdirSync(join(etc, 'nekode'), { recursive: true })
  writeFileSync(join(etc, 'passwd'), 'root:x:0:0::/root:/bin/sh\nmill:x:4711:4711::/var/lib/mill:/bin/sh\n')
  writeFileSync(config, '{}')
  chownSync(config, 4711, 4711)
  // No configuration of root's own.
  const env = { NEKODE_HOME: '' }
  expect(machineEnv({ ...env, NEKODE_DAEMON_CONFIG: config }, undefined, home)).toMatchObject({
    NEKODE_HOME: '/var/lib/mill/.nekode',
  })
  mkdirSync(join(etc, 'systemd/system'), { recursive: true })
  const unit = unitText({ ...facts, home: '/srv/50% "x"' })
  writeFileSync(join(etc, 'systemd/system/nekode-daemon.service'), unit)
  expect(machineEnv(env, config, home)).toMatchObject({ NEKODE_HOME: '/srv/50% "x"', NEKODE_DAEMON_CONFIG: config })
  expect(machineEnv({ NEKODE_HOME: '/mine' }, config, home)).toEqual({ NEKODE_HOME: '/mine' })
})
