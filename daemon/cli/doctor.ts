import { existsSync, statSync } from 'node:fs'
import { ConnectError } from '@connectrpc/connect'
import { errorText } from '@shared/errors'
import type { Config } from '../config/config'
import { makeFolders } from '../config/paths'
import { dial } from '../control/client'
import { errorOf } from '../control/link'
import { planService, serviceFacts, serviceState } from '../install/service'
import { detectRuntimes } from '../runtimes/detect'
import { type Check, checkLocal, checkMachine, checkServer, failed } from './checks'
import { command } from './command'
import { Exit } from './exit'
import { readTrial } from '../upgrade/trial'
import { SELF } from './self'
import { configArg, readRunning } from './settings'
import { readStatus } from './status'

const ENROLL = 'In the console: Computers, Add computer. Run the command that it shows on this computer.'

export const doctor = command({
  name: 'doctor',
  description: 'Check what can be wrong, and say what to do about it',
  args: configArg,
  examples: ['nekode-daemon doctor', 'nekode-daemon doctor --json'],
  run: async ({ args, out }) => {
    const checks = await examine(() => readRunning(args))
    out.show(checks, () => checks.map(line).join('').trimEnd())
    return checks.some(({ result }) => result === 'failed') ? Exit.failed : Exit.ok
  },
})

const MARKS = { ok: '✓', warning: '!', failed: '✗' }
const line = ({ name, result, detail, next }: Check): string =>
  `${MARKS[result]} ${name.padEnd(14)} ${detail}\n${next ? `  ${' '.repeat(14)} → ${next}\n` : ''}`

/** Every check, in the order in which one needs the other. */
export async function examine(read: () => Config): Promise<Check[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    return [failed('configuration', error)]
  }
  const checks = [configuration(config), home(config), ...(await checkMachine(config, process.env))]
  if (config.token !== '') checks.push(...(await server(config)))
  checks.push(...(await checkLocal(config)), ...(await runtimes()), ...(await confinement(config)))
  checks.push(await service(config), ...lastUpgrade(config))
  return checks
}

function configuration({ path, token, warnings }: Config): Check {
  const name = 'configuration'
  if (token === '') return { name, result: 'failed', detail: `There is no token in ${path}.`, next: ENROLL }
  const isOpen = process.platform !== 'win32' && existsSync(path) && (statSync(path).mode & 0o077) !== 0
  if (isOpen)
    return { name, result: 'warning', detail: `Others can read the token in ${path}.`, next: `chmod 600 ${path}` }
  if (warnings[0]) return { name, result: 'warning', detail: warnings[0] }
  return { name, result: 'ok', detail: path }
}

function home({ paths }: Config): Check {
  try {
    makeFolders(paths)
    return { name: 'home', result: 'ok', detail: paths.home }
  } catch (error) {
    return failed('home', error)
  }
}

async function server(config: Config): Promise<Check[]> {
  const { serverUrl, token, caFile, computerId } = config
  if (caFile && !existsSync(caFile))
    return [{ name: 'server', result: 'failed', detail: `The file ${caFile} does not exist.`, next: 'Correct caFile.' }]
  const isPlain = serverUrl.startsWith('http:') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(serverUrl)
  try {
    const connection = await dial({ serverUrl, token, ...(caFile ? { caFile } : {}) })
    try {
      const { version } = await connection.client.getServerInfo({})
      const reached: Check = {
        name: 'server',
        result: isPlain ? 'warning' : 'ok',
        detail: `${serverUrl} answers (${version || 'unknown version'}, ${connection.mode})`,
        ...(isPlain ? { next: 'The connection is not encrypted: use https where others share the network.' } : {}),
      }
      const token = await tokenCheck(connection.client.fetchAssignedRuns({ computerId, limit: 1 }), computerId)
      return [reached, token, ...(await checkServer(config, version))]
    } finally {
      connection.close()
    }
  } catch (error) {
    const said = errorOf(ConnectError.from(error))
    const next = 'Check the address, the network between here and there, and that the server runs.'
    return [said.kind === 'unauthenticated' ? refusedToken(said) : { ...failed('server', said), next }]
  }
}

const refusedToken = (error: unknown): Check => ({ ...failed('token', error), next: `Enroll again. ${ENROLL}` })

async function tokenCheck(call: Promise<unknown>, computerId: string): Promise<Check> {
  try {
    await call
    return { name: 'token', result: 'ok', detail: `valid for ${computerId}` }
  } catch (error) {
    return refusedToken(errorOf(error))
  }
}

async function runtimes(): Promise<Check[]> {
  const found = (await detectRuntimes()).filter(({ installed }) => installed)
  return found.map(({ kind, version, login, nextStep }) => ({
    name: kind,
    result: login === 'no' ? ('warning' as const) : ('ok' as const),
    detail:
      [version, login === 'yes' ? 'logged in' : login === 'no' ? 'not logged in' : ''].filter(Boolean).join(', ') ||
      'ready',
    ...(nextStep ? { next: nextStep } : {}),
  }))
}

/** An upgrade that did not go well, for as long as its version was not replaced. */
function lastUpgrade({ paths }: Config): Check[] {
  const trial = readTrial(paths)
  if (trial?.state !== 'rolled_back') return []
  const { to, reason = 'it was interrupted' } = trial
  return [
    {
      name: 'upgrade',
      result: 'warning',
      detail: `version ${to} was rolled back: ${reason}`,
      next: 'Look into the log of the daemon. nekode-daemon upgrade tries it again.',
    },
  ]
}

const KEPT = {
  cgroup: 'of memory and processes by control groups',
  scope: 'of memory and processes by scopes of systemd',
  watch: 'of memory and processes by a look once a second',
}

/** What agents can be held to here. */
async function confinement({ agentCpuPercent, agentSandbox }: Config): Promise<Check[]> {
  const { inspect } = await import('../confine/support')
  const { limits, hasShare, sandbox } = await inspect(process.env)
  const noShare = !hasShare && agentCpuPercent !== undefined
  return [
    {
      name: 'limits',
      result: noShare ? 'warning' : 'ok',
      detail: `${KEPT[limits]}; the share of the processors ${hasShare ? 'too' : 'is not limited'}`,
      ...(noShare ? { next: 'Run the daemon as a service of systemd on control groups v2 (Delegate=).' } : {}),
    },
    'path' in sandbox
      ? { name: 'sandbox', result: 'ok', detail: sandbox.path }
      : {
          name: 'sandbox',
          result: agentSandbox === 'always' ? 'failed' : 'ok',
          detail: `none. ${sandbox.problem}`,
          ...(agentSandbox === 'always' ? { next: sandbox.next } : {}),
        },
  ]
}

async function service(config: Config): Promise<Check> {
  const { running, pid, log } = readStatus(config)
  const what = running ? `the daemon runs (process ${pid})` : 'the daemon does not run'
  try {
    const state = await serviceState(planService(serviceFacts({ config, program: SELF, env: process.env })))
    const isFine = running || state === 'running'
    return {
      name: 'service',
      result: isFine ? 'ok' : 'warning',
      detail: `${what}, service ${state.replace('_', ' ')}${log ? `, log: ${log}` : ''}`,
      ...(isFine ? {} : { next: 'Start it: nekode-daemon install, or without a service nekode-daemon start.' }),
    }
  } catch (error) {
    const detail = `${what}; ${errorText(error)}`
    return { name: 'service', result: running ? 'ok' : 'warning', detail }
  }
}
