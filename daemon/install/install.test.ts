import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { managerOf, planService, plistText, type ServiceFacts, taskScript, unitText } from './plan'
import { installService, serviceState, uninstallService } from './service'

const root = join(import.meta.dir, '../..')
const facts: ServiceFacts = {
  manager: 'systemd',
  mode: 'system',
  program: ['/usr/local/bin/nekode-daemon'],
  configPath: '/etc/nekode/daemon.json',
  home: undefined,
  user: 'root',
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
  expect(await cli(['uninstall', '--user'])).toMatchObject({ code: 0, err: '' })
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
