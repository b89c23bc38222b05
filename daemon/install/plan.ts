import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'

export type Manager = 'systemd' | 'launchd' | 'task'
/** `system`: starts with the machine, needs root. `user`: for one user only. */
export type Mode = 'system' | 'user'

/** What a service is made from. */
export interface ServiceFacts {
  manager: Manager
  mode: Mode
  /** Command line before `run`. */
  program: readonly string[]
  configPath: string
  /** Where the daemon keeps its state, when that is not the default. */
  home: string | undefined
  /** Whom it runs as. */
  user: string
  userId: number
  /** That user's home folder. */
  userHome: string
}

export interface Plan {
  name: string
  /** The file that tells the service manager about it; none for a Windows task. */
  file?: { path: string; text: string }
  /** Made before the start, with the mode 0600; the daemon's output goes there. */
  log?: string
  /** Each must succeed unless it is marked. */
  start: Step[]
  stop: Step[]
  /** Starts it anew without touching how it is installed. */
  restart: Step[]
  /** Ends it and starts it again, as it is installed. A user's own service comes back at the next login. */
  halt: Step[]
  begin: Step[]
  /** Exit code 0: it runs. */
  running: string[]
  /** The command that shows its log, for people. */
  logCommand: string
  /** The program that shows its log, where that is not a file. */
  journal?: string[]
}

export interface Step {
  argv: string[]
  /** Standard input. */
  input?: string
  mayFail?: boolean
  /** What people are told when it fails although it may. */
  warning?: string
}

const NAME = 'nekode-daemon'
/** The user of a daemon that is nobody's, and its home. */
export const OWN_USER = 'nekode'
const OWN_HOME = '/var/lib/nekode'
const LABEL = 'tech.nekode.daemon'

/** How a service is installed, removed and looked at; the same files and names as the install scripts use. */
export function planService(facts: ServiceFacts): Plan {
  switch (facts.manager) {
    case 'systemd':
      return systemd(facts)
    case 'launchd':
      return launchd(facts)
    case 'task':
      return windowsTask(facts)
  }
}

/**
 * Limits of agents are groups below the daemon's own, which it has to be given (cgroup v2). An agent that takes too much memory is ended
 * by itself; without the second line systemd would end the daemon with it.
 */
const GROUPS = ['Delegate=cpu memory pids', 'OOMPolicy=continue']

/**
 * What a program of agents can do without. They compile, install into the home, debug and use devices, so there is no private /tmp, no
 * closed home and no ban on writable code, nor ProtectClock, which closes all devices but a few. NoNewPrivileges takes sudo from them, which on many servers asks for no password. What mounts
 * something over parts of /proc (ProtectKernelTunables, ProtectKernelLogs) is left out: no sandbox could be made below it.
 */
const HARDENING = [
  'NoNewPrivileges=true',
  'ProtectSystem=full',
  'ProtectKernelModules=true',
  'ProtectHostname=true',
  'RestrictRealtime=true',
  'CapabilityBoundingSet=',
]

/** A word of a unit file: quoted, with what systemd expands taken literally. */
const unitWord = (word: string): string =>
  `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

export function unitText({ mode, program, configPath, user, home }: ServiceFacts): string {
  const lines = [
    '[Unit]',
    'Description=Nekode daemon: runs coding agents for a Nekode server',
    'After=network-online.target',
    'Wants=network-online.target',
    // Nobody may be at this computer: whatever kept it from starting, it comes back when that is over.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${program.map(unitWord).join(' ')} run --config ${unitWord(configPath)}`,
    'Restart=always',
    'RestartSec=5',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'LimitNOFILE=65536',
    ...GROUPS,
    ...(mode === 'system' ? [`User=${user}`] : []),
    // Who asks for root means it.
    ...(mode === 'system' && user !== 'root'
      ? [...HARDENING, `ReadWritePaths=${unitWord(`-${dirname(configPath)}`)}`]
      : []),
    ...(home ? [`Environment=${unitWord(`NEKODE_HOME=${home}`)}`] : []),
    '',
    '[Install]',
    `WantedBy=${mode === 'system' ? 'multi-user.target' : 'default.target'}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The user that the service of a machine runs as is there, and may read and replace the configuration. */
function ownership({ mode, user, userId, configPath }: ServiceFacts): Step[] {
  if (mode !== 'system' || userId !== 0 || user === 'root') return []
  const make = `id -u ${OWN_USER} >/dev/null 2>&1 || { useradd --system --user-group --home-dir ${OWN_HOME} --create-home --shell /bin/sh ${OWN_USER} && chmod 700 ${OWN_HOME}; }`
  const folder = dirname(configPath)
  return [
    ...(user === OWN_USER ? [{ argv: ['sh', '-c', make] }] : []),
    { argv: ['chown', user, configPath], mayFail: true },
    // Only the folder that is the daemon's own.
    ...(folder === '/etc/nekode' ? [{ argv: ['chown', user, folder], mayFail: true }] : []),
  ]
}

function systemd(facts: ServiceFacts): Plan {
  const { mode, userHome, user } = facts
  const folder = mode === 'system' ? '/etc/systemd/system' : join(userHome, '.config/systemd/user')
  const own = mode === 'user' ? ['--user'] : []
  const systemctl = (...words: string[]) => ['systemctl', ...own, ...words]
  const linger: Step = {
    argv: ['loginctl', 'enable-linger', user],
    mayFail: true,
    warning: `The daemon stops when you log out; this changes it: sudo loginctl enable-linger ${user}`,
  }
  return {
    name: NAME,
    file: { path: join(folder, `${NAME}.service`), text: unitText(facts) },
    start: [
      ...ownership(facts),
      { argv: systemctl('daemon-reload') },
      { argv: systemctl('enable', NAME) },
      { argv: systemctl('restart', NAME) },
      ...(mode === 'user' ? [linger] : []),
    ],
    stop: [{ argv: systemctl('disable', '--now', NAME), mayFail: true }],
    restart: [{ argv: systemctl('restart', NAME) }],
    halt: [{ argv: systemctl('stop', NAME) }],
    begin: [{ argv: systemctl('start', NAME) }],
    running: systemctl('is-active', '--quiet', NAME),
    logCommand: `journalctl ${mode === 'user' ? '--user ' : ''}-u ${NAME}`,
    journal: ['journalctl', ...own, '--no-pager', '--unit', NAME],
  }
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export function plistText({ mode, program, configPath, user, home }: ServiceFacts, log: string): string {
  const words = [...program, 'run', '--config', configPath].map((word) => `    <string>${xml(word)}</string>`)
  const key = (name: string, value: string) => [`  <key>${name}</key>`, `  ${value}`]
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    ...key('Label', `<string>${LABEL}</string>`),
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...words,
    '  </array>',
    ...key('RunAtLoad', '<true/>'),
    ...key('KeepAlive', '<true/>'),
    ...key('ThrottleInterval', '<integer>5</integer>'),
    ...key('StandardOutPath', `<string>${xml(log)}</string>`),
    ...key('StandardErrorPath', `<string>${xml(log)}</string>`),
    ...(mode === 'system' ? key('UserName', `<string>${xml(user)}</string>`) : []),
    ...(home
      ? [
          '  <key>EnvironmentVariables</key>',
          '  <dict>',
          '    <key>NEKODE_HOME</key>',
          `    <string>${xml(home)}</string>`,
          '  </dict>',
        ]
      : []),
    '</dict>',
    '</plist>',
  ]
  return `${lines.join('\n')}\n`
}

function launchd(facts: ServiceFacts): Plan {
  const { mode, userHome, userId, home } = facts
  const folder = mode === 'system' ? '/Library/LaunchDaemons' : join(userHome, 'Library/LaunchAgents')
  const log = mode === 'system' ? `/var/log/${NAME}.log` : join(home ?? join(userHome, '.nekode'), `${NAME}.log`)
  const domain = mode === 'system' ? 'system' : `gui/${userId}`
  const path = join(folder, `${LABEL}.plist`)
  return {
    name: LABEL,
    file: { path, text: plistText(facts, log) },
    log,
    start: [
      ...ownership(facts),
      { argv: ['launchctl', 'bootout', `${domain}/${LABEL}`], mayFail: true },
      { argv: ['launchctl', 'bootstrap', domain, path] },
    ],
    stop: [{ argv: ['launchctl', 'bootout', `${domain}/${LABEL}`], mayFail: true }],
    restart: [{ argv: ['launchctl', 'kickstart', '-k', `${domain}/${LABEL}`] }],
    halt: [{ argv: ['launchctl', 'bootout', `${domain}/${LABEL}`] }],
    begin: [{ argv: ['launchctl', 'bootstrap', domain, path] }],
    running: ['launchctl', 'print', `${domain}/${LABEL}`],
    logCommand: `tail ${log}`,
  }
}

const POWERSHELL = ['powershell.exe', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-Command', '-']

/** A PowerShell string that is taken literally. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * A task of Windows' scheduler, because a service needs a program that talks to the service manager. It starts with the machine
 * as the user who is logged in to the coding agents, without a password and without anybody being logged in.
 */
export function taskScript({ program, configPath, user, home }: ServiceFacts, log: string): string {
  const command = [
    ...program.map((word) => `"${word}"`),
    'run',
    '--config',
    `"${configPath}"`,
    '>>',
    `"${log}"`,
    '2>&1',
  ]
  const set = home ? `set "NEKODE_HOME=${home}" && ` : ''
  return [
    "$ErrorActionPreference = 'Stop'",
    `$action = New-ScheduledTaskAction -Execute "$env:SystemRoot\\System32\\cmd.exe" -Argument ${literal(`/d /c "${set}${command.join(' ')}"`)}`,
    '$trigger = New-ScheduledTaskTrigger -AtStartup',
    `$principal = New-ScheduledTaskPrincipal -UserId ${literal(user)} -LogonType S4U -RunLevel Limited`,
    '$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) -MultipleInstances IgnoreNew',
    `Register-ScheduledTask -TaskName ${literal(NAME)} -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force | Out-Null`,
    `Start-ScheduledTask -TaskName ${literal(NAME)}`,
    '',
  ].join('\r\n')
}

function windowsTask(facts: ServiceFacts): Plan {
  const log = join(facts.home ?? dirname(facts.configPath), `${NAME}.log`)
  const remove = [
    `Stop-ScheduledTask -TaskName ${literal(NAME)} -ErrorAction SilentlyContinue`,
    `Unregister-ScheduledTask -TaskName ${literal(NAME)} -Confirm:$false`,
    '',
  ].join('\r\n')
  const restart = [
    "$ErrorActionPreference = 'Stop'",
    `Stop-ScheduledTask -TaskName ${literal(NAME)}`,
    // The task is over before the program that its shell started is.
    `Get-Process -Name ${literal(NAME)} -ErrorAction SilentlyContinue | ForEach-Object { if (-not $_.WaitForExit(30000)) { $_.Kill() } }`,
    `Start-ScheduledTask -TaskName ${literal(NAME)}`,
    '',
  ].join('\r\n')
  return {
    name: NAME,
    log,
    start: [{ argv: POWERSHELL, input: taskScript(facts, log) }],
    stop: [{ argv: POWERSHELL, input: remove, mayFail: true }],
    restart: [{ argv: POWERSHELL, input: restart }],
    halt: [{ argv: POWERSHELL, input: `Stop-ScheduledTask -TaskName ${literal(NAME)}\r\n` }],
    begin: [{ argv: POWERSHELL, input: `Start-ScheduledTask -TaskName ${literal(NAME)}\r\n` }],
    running: [
      ...POWERSHELL.slice(0, -1),
      `if ((Get-ScheduledTask -TaskName ${literal(NAME)}).State -ne 'Running') { exit 1 }`,
    ],
    logCommand: `Get-Content -Tail 50 ${literal(log)}`,
  }
}

/** @throws NekodeError precondition `no_service_manager` */
export function managerOf(platform: string, hasSystemd: boolean): Manager {
  if (platform === 'darwin') return 'launchd'
  if (platform === 'win32') return 'task'
  if (hasSystemd) return 'systemd'
  throw new NekodeError('precondition', 'There is no service manager here that the daemon knows (systemd, launchd).', {
    code: 'no_service_manager',
    next: 'Run `nekode-daemon run` under the supervisor that you have, such as a container runtime or runit.',
  })
}
