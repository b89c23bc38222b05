import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { powershellQuote, shellQuote } from './quote'
import type { Node } from 'web-tree-sitter'
import { installCommands } from './release'
import { type ManagementScript, installScript, managementScript } from './scripts'

const context = { serverUrl: 'https://nekode.example', release: { version: '1.2.3' } }
const enrolling = { id: 'den_1', code: 'ndi_code', daemonUrl: 'https://rpc.example', displayName: 'Mill' }
const management: ManagementScript[] = [
  'upgrade.sh',
  'reinstall.sh',
  'uninstall.sh',
  'upgrade.ps1',
  'reinstall.ps1',
  'uninstall.ps1',
]
const all: [string, string][] = [
  ['install.sh', installScript('sh', context, enrolling)],
  ['install.ps1', installScript('ps1', context, enrolling)],
  ...management.map((name): [string, string] => [name, managementScript(name, context)]),
]
const shellScripts = all.filter(([name]) => name.endsWith('.sh'))

const me = Bun.spawnSync(['id', '-un']).stdout.toString().trim()

const hostile = [
  "it's",
  '"; touch PWNED; "',
  '$(touch PWNED)',
  '`touch PWNED`',
  "'; touch PWNED; '",
  '‘; touch PWNED; ’',
  'a\\',
  '-rf /',
  '$HOME ${IFS} %PATH% !!',
  '\u001b[31mred\u0007',
  'two\nlines',
  '日本語 😀',
]

function sh(text: string, shell = 'bash', ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'nekode-sh-'))
  try {
    const { stdout, stderr, exitCode } = Bun.spawnSync([shell, '-c', text, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder },
    })
    return {
      out: stdout.toString(),
      err: stderr.toString(),
      code: exitCode,
      files: [...new Bun.Glob('*').scanSync(folder)],
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each(hostile)('the shell takes %j as a value and runs nothing of it', (text) => {
  const { out, files } = sh(`x=${shellQuote(text)}; printf '%s' "$x"`)
  expect(out).toBe(text)
  expect(files).toEqual([])
})

test.each(hostile)('PowerShell gets %j in ASCII, with every quote that it knows kept inside', (text) => {
  const quoted = powershellQuote(text)
  expect(quoted).toMatch(/^[\x20-\x7e]+$/)
  const base64 = /FromBase64String\('([A-Za-z0-9+/=]+)'\)/.exec(quoted)?.[1]
  if (base64) expect(Buffer.from(base64, 'base64').toString()).toBe(text)
  else expect(quoted.slice(1, -1).replaceAll("''", "'")).toBe(text)
})

test.each(hostile)('an installer for a computer called %j is still the same script', (displayName) => {
  const script = installScript('sh', context, { ...enrolling, displayName })
  // Its first lines only: up to the functions, and then what it took for the name.
  const values = script.slice(0, script.indexOf('# What the install'))
  const { out, files, code } = sh(`${values}\nprintf '%s' "$DISPLAY_NAME"`)
  expect(code).toBe(0)
  expect(files).toEqual([])
  expect(out).not.toMatch(/\p{Cc}/u)
})

test.each([
  "https://a.example/it's",
  'https://a.example/$(touch PWNED)',
  'https://a.example/`x`',
  'https://a.example/"',
])('the command for a server at %s runs nothing but curl', (serverUrl) => {
  const { shell, powershell } = installCommands(serverUrl, 'den_1', 'ndi_code')
  // The words that would reach curl and sudo, from a shell that has functions instead of them.
  const { out, files } = sh(`sudo() { printf '%s|' "$@"; }; curl() { printf '%s;' "$@"; }; ${shell}`)
  expect(files).toEqual([])
  expect(out).toMatch(
    /^bash\|-c\|-fsSL;https:\/\/a\.example\/[\w%.]+\/api\/daemon\/enrollments\/den_1\/install\.sh\?code=ndi_code;\|$/,
  )
  expect(powershell.match(/['"]/g)).toEqual(['"', "'", "'", '"'])
})

test.each(all)('%s is plain ASCII, so that no code page can change it', (_, text) => {
  expect(text).toMatch(/^[\n\x20-\x7e]+$/)
})

test.each(all)('%s never holds a token, and a code only when it enrolls', (name, text) => {
  expect(text).not.toContain('ndt_')
  expect(text.includes('ndi_')).toBe(name.startsWith('install.'))
})

test.each(shellScripts)('%s parses in bash, and cut short anywhere it does nothing', (_, text) => {
  expect(Bun.spawnSync(['bash', '-n', '-c', text]).stderr.toString()).toBe('')
  const lines = text.trimEnd().split('\n')
  expect(lines.at(-1)).toBe('main "$@"')
  const { out, err, code } = sh(`${lines.slice(0, -1).join('\n')}\n`)
  expect([out, err, code]).toEqual(['', '', 0])
})

test('root is asserted where it is needed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nekode-id-'))
  try {
    writeFileSync(join(folder, 'id'), '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo somebody\n', { mode: 0o755 })
    const text = installScript('sh', context, enrolling)
    const { stderr, exitCode } = Bun.spawnSync(['bash', '-c', text, 'install', '--system'], {
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder },
    })
    expect(exitCode).toBe(1)
    expect(stderr.toString()).toContain('nekode: error: this needs root.\n        Run it with sudo, or give --user')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('an unknown argument is refused by name', () => {
  const { err, code } = sh(installScript('sh', context, enrolling), 'bash', 'install', '--usr')
  expect(code).toBe(1)
  expect(err).toContain('unknown argument: --usr')
})

/** Functions of the scripts, called one at a time. */
function call(code: string, env: Record<string, string> = {}): string {
  const script = managementScript('upgrade.sh', context)
  const functions = script.slice(0, script.lastIndexOf('main "$@"'))
  const { stdout, stderr, exitCode } = Bun.spawnSync(['bash', '-c', `${functions}\n${code}`], {
    env: { PATH: process.env.PATH ?? '', HOME: '/home/somebody', ...env },
  })
  if (exitCode !== 0) throw new Error(stderr.toString())
  return stdout.toString()
}

describe('the platform', () => {
  const uname = (s: string, m: string): string => `uname() { case $1 in -s) echo ${s} ;; -m) echo ${m} ;; esac; }`
  test.each([
    ['Linux x86_64, glibc', `${uname('Linux', 'x86_64')}; ldd() { echo 'ldd (Debian GLIBC 2.36)'; }`, 'linux amd64'],
    [
      'Linux aarch64, musl',
      `${uname('Linux', 'aarch64')}; ldd() { echo 'musl libc (aarch64)' >&2; return 1; }`,
      'linux arm64 _musl',
    ],
    ['macOS on Apple silicon', uname('Darwin', 'arm64'), 'darwin arm64'],
    ['a Rosetta shell on Apple silicon', `${uname('Darwin', 'x86_64')}; sysctl() { echo 1; }`, 'darwin arm64'],
    ['macOS on Intel', `${uname('Darwin', 'x86_64')}; sysctl() { return 1; }`, 'darwin amd64'],
  ])('%s is recognised', (_, stubs, expected) => {
    expect(call(`${stubs}; detect_platform; echo "$OS $ARCH $LIBC"`).trim()).toBe(expected)
  })

  test.each([
    [uname('FreeBSD', 'amd64'), 'there is no daemon for FreeBSD'],
    [uname('Linux', 'riscv64'), 'there is no daemon for riscv64 processors'],
  ])('what no daemon is built for is refused: %s', (stubs, message) => {
    expect(() => call(`${stubs}; detect_platform`)).toThrow(message)
  })
})

const deploy = (name: string): string => readFileSync(join(import.meta.dir, '../../deploy', name), 'utf8')

test('the unit and the property list that the scripts write are those in deploy/', () => {
  const settings = 'MODE=system; set_paths'
  expect(call(`${settings}; unit_text`)).toBe(deploy('systemd/nekode-daemon.service'))
  expect(call(`${settings}; plist_text`)).toBe(deploy('launchd/tech.nekode.daemon.plist'))
})

test('paths with special characters stay one word in a unit and in a property list', () => {
  const env = {
    NEKODE_DAEMON_BIN_PATH: '/opt/a b/50%/$x/"q"/nekode-daemon',
    NEKODE_DAEMON_CONFIG_PATH: '/etc/<a>&b.json',
    NEKODE_HOME: '/srv/my home',
  }
  const unit = call('MODE=user; set_paths; unit_text', env)
  expect(unit).toContain('ExecStart="/opt/a b/50%%/$$x/\\"q\\"/nekode-daemon" run --config "/etc/<a>&b.json"\n')
  expect(unit).toContain('Environment="NEKODE_HOME=/srv/my home"\n')
  expect(unit).toContain('WantedBy=default.target\n')
  expect(unit).not.toContain('User=')
  const plist = call('MODE=user; set_paths; plist_text', env)
  expect(plist).toContain('<string>/etc/&lt;a&gt;&amp;b.json</string>')
  expect(plist).toContain('<key>NEKODE_HOME</key>\n    <string>/srv/my home</string>')
})

test('the daemon of a machine runs as the person who called sudo, else as a user of its own, and as root only when told', () => {
  const user = (env: Record<string, string>): string => call('MODE=system; set_paths; echo "$SERVICE_USER"', env).trim()
  expect(user({})).toBe('nekode')
  expect(user({ SUDO_USER: 'root' })).toBe('nekode')
  expect(user({ SUDO_USER: 'nobody' })).toBe('nobody')
  expect(user({ SUDO_USER: 'nobody', NEKODE_DAEMON_USER: 'root' })).toBe('root')
  expect(() => user({ NEKODE_DAEMON_USER: 'no-such-user' })).toThrow('there is no user no-such-user')
})

test('where no user can be made for the daemon, it is said what to do instead of running it as root', () => {
  const nothing = 'has() { false; }; id() { return 1; }'
  expect(() => call(`${nothing}; MODE=system; set_paths; make_user`)).toThrow(
    'the daemon does not run as root, and nothing here can make the user nekode for it.\n        Set NEKODE_DAEMON_USER',
  )
})

test('an installation keeps the user that it has, whoever works on it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nekode-owner-'))
  try {
    const config = join(folder, 'daemon.json')
    writeFileSync(config, '{}')
    const code = 'MODE=system; find_installation; echo "$SERVICE_USER"'
    const env = { NEKODE_DAEMON_CONFIG_PATH: config, SUDO_USER: 'nobody' }
    expect(call(code, env).trim()).toBe(me)
    expect(call(code, { ...env, NEKODE_DAEMON_USER: 'nobody' }).trim()).toBe('nobody')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('what a service manager is told', () => {
  const uid = process.getuid?.()
  const unit = 'units/nekode-daemon.service'
  const plist = 'agents/tech.nekode.daemon.plist'

  test.each<[manager: string, mode: string, code: string, orders: string[], left: string[]]>([
    [
      'systemd',
      'system',
      'service_start',
      ['systemctl daemon-reload', 'systemctl enable nekode-daemon', 'systemctl restart nekode-daemon'],
      [unit],
    ],
    [
      'systemd',
      'user',
      'service_start',
      [
        'systemctl --user daemon-reload',
        'systemctl --user enable nekode-daemon',
        'systemctl --user restart nekode-daemon',
        'loginctl enable-linger',
      ],
      [unit],
    ],
    [
      'systemd',
      'system',
      'touch_unit; service_remove',
      ['systemctl stop nekode-daemon', 'systemctl disable nekode-daemon', 'systemctl daemon-reload'],
      [],
    ],
    [
      'launchd',
      'system',
      'service_start',
      ['launchctl bootout system/tech.nekode.daemon', `launchctl bootstrap system DIR/${plist}`],
      [plist, 'log/daemon.log'],
    ],
    [
      'launchd',
      'user',
      'service_start',
      [`launchctl bootout gui/${uid}/tech.nekode.daemon`, `launchctl bootstrap gui/${uid} DIR/${plist}`],
      [plist, 'log/daemon.log'],
    ],
    ['launchd', 'system', 'touch_unit; service_remove', ['launchctl bootout system/tech.nekode.daemon'], []],
  ])('%s, %s: %s', (manager, mode, code, orders, left) => {
    const folder = mkdtempSync(join(tmpdir(), 'nekode-service-'))
    const log = join(folder, 'orders')
    try {
      const names = ['systemctl', 'launchctl', 'loginctl']
      const record = names.map((name) => `${name}() { echo "${name} $*" >>'${log}'; }`).join('; ')
      const touch = 'touch_unit() { echo | write_public "$UNIT_PATH"; echo | write_public "$PLIST_PATH"; }'
      call(`${record}; ${touch}; make_user() { :; }; MANAGER=${manager}; MODE=${mode}; set_paths; ${code}`, {
        NEKODE_DAEMON_UNIT_PATH: join(folder, unit),
        NEKODE_DAEMON_PLIST_PATH: join(folder, plist),
        NEKODE_DAEMON_LOG_PATH: join(folder, 'log/daemon.log'),
        NEKODE_DAEMON_USER: me,
      })
      const told = readFileSync(log, 'utf8').replaceAll(folder, 'DIR').trim().split('\n')
      expect(told.map((line) => line.replace(/(enable-linger) .*/, '$1'))).toEqual(orders)
      const files = [...new Bun.Glob('**/*').scanSync({ cwd: folder })].sort().filter((path) => path !== 'orders')
      // The other manager's file was there only to be left alone.
      const other = manager === 'systemd' ? plist : unit
      expect(files.filter((path) => path !== other)).toEqual(left)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

// `bun run test` installs it, or says by name that it could not.
const shellcheck = Bun.which('shellcheck')
for (const [name, text] of shellcheck ? shellScripts : [])
  test(`ShellCheck has nothing to say about ${name}`, () => {
    const { stdout } = Bun.spawnSync([shellcheck ?? '', '--color=never', '-'], { stdin: Buffer.from(text) })
    expect(stdout.toString()).toBe('')
  })

test('PowerShell’s grammar has nothing against the scripts for Windows', async () => {
  const { Language, Parser } = await import('web-tree-sitter')
  await Parser.init()
  const parser = new Parser()
  parser.setLanguage(
    await Language.load(Bun.resolveSync('tree-sitter-powershell/tree-sitter-powershell.wasm', import.meta.dir)),
  )
  const problems = (text: string): string[] => {
    const found: string[] = []
    const look = (node: Node): void => {
      if (node.isError || node.isMissing) found.push(`${node.startPosition.row + 1}: ${node.text.slice(0, 80)}`)
      for (const child of node.children) if (child?.hasError) look(child)
    }
    const tree = parser.parse(text)
    if (tree?.rootNode.hasError) look(tree.rootNode)
    return found
  }
  expect(problems('& { if ($a) { Write-Host "x" }')).not.toEqual([])
  for (const [name, text] of all.filter(([name]) => name.endsWith('.ps1')))
    expect([name, problems(text)]).toEqual([name, []])
})
