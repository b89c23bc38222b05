import { hostname } from 'node:os'
import { computerRoutes } from '@shared/contract/computers'
import { ErrorBody } from '@shared/contract/common'
import { NekodeError } from '@shared/errors'
import { redactText } from '@shared/redact'
import { normalizeUrl } from '../config/config'
import { FIELDS } from '../config/fields'
import { readJsonObject, writePrivate } from '../config/file'
import { defaultConfigPath } from '../config/paths'
import { nekodeHome } from '@shared/home'
import { command } from './command'
import { usage } from './exit'

const Redeemed = computerRoutes['POST /api/daemon/enrollments/{id}/redeem'].response
const CALL_MS = 30_000

export interface EnrollOptions {
  serverUrl: string
  enrollmentId: string
  /** One-use install code. */
  code: string
  configPath: string
  /** PEM file. */
  caFile?: string
  /** Keys of the configuration by which this computer gets to the server: a service does not have what this terminal has. */
  proxies?: Record<string, string>
}

function proxiesIn(env: Record<string, string | undefined>): Record<string, string> {
  const named = FIELDS.flatMap(({ key, env: variables }) => {
    const value = key.endsWith('Proxy') ? variables.map((name) => env[name]).find(Boolean) : undefined
    return value === undefined ? [] : [[key, value] as const]
  })
  return named.some(([key]) => key !== 'noProxy') ? Object.fromEntries(named) : {}
}

export const enroll = command({
  name: 'enroll',
  description: 'Make this computer one of a server’s, by a one-use install code',
  args: {
    server: { type: 'string', valueHint: 'url', description: 'Address of the server', alias: 'server-url' },
    enrollment: { type: 'string', valueHint: 'id', description: 'Id of the enrollment: den_…' },
    config: { type: 'string', valueHint: 'file', description: 'File to write ($NEKODE_HOME/daemon.json)' },
    'ca-file': { type: 'string', valueHint: 'file', description: 'PEM file of the authority behind its certificate' },
  },
  examples: ['NEKODE_ENROLL_CODE=… nekode-daemon enroll --server https://nekode.example --enrollment den_…'],
  run: async ({ args, host, out }) => {
    const { server, enrollment, 'ca-file': caFile } = args
    if (!server || !enrollment) throw usage('--server and --enrollment are needed.', 'See nekode-daemon enroll --help.')
    const { env } = host
    const code = env.NEKODE_ENROLL_CODE?.trim() || (await readCode())
    if (!code)
      throw usage(
        'The install code is missing.',
        'Give it in NEKODE_ENROLL_CODE or on standard input, never as an argument.',
      )
    const configPath = args.config ?? env.NEKODE_DAEMON_CONFIG ?? defaultConfigPath(nekodeHome(env))
    const { computerId, displayName } = await redeem({
      serverUrl: normalizeUrl(server),
      enrollmentId: enrollment,
      code,
      configPath,
      ...(caFile ? { caFile } : {}),
      proxies: proxiesIn(env),
    })
    out.show(
      { computerId, displayName, config: configPath },
      () => `${displayName} (${computerId}) is enrolled; the configuration is in ${configPath}.`,
    )
  },
})

async function readCode(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Install code: ')
  for await (const line of console) return line.trim()
  return ''
}

/**
 * Exchanges the install code for this computer's token and writes the configuration, 0600, whole or not at all. What the file
 * holds besides stays: its names and settings are the computer's identity.
 * @throws NekodeError unavailable, or what the server has against the code; the file is as it was then
 */
export async function redeem(options: EnrollOptions): Promise<{ computerId: string; displayName: string }> {
  const { serverUrl, enrollmentId, code, configPath, caFile, proxies = {} } = options
  // Before the code is used up: a file that cannot be read would be lost with it.
  const before = readJsonObject(configPath) ?? {}
  const host = typeof before.hostname === 'string' && before.hostname ? before.hostname : hostname()
  const response = await post(
    `${serverUrl}/api/daemon/enrollments/${encodeURIComponent(enrollmentId)}/redeem`,
    { code, hostname: host.slice(0, 255), os: process.platform, arch: process.arch },
    caFile,
  )
  const body = await response.text()
  if (!response.ok) throw refusal(response.status, body)
  const { token, computerId, displayName } = Redeemed.parse(JSON.parse(body))
  const after = {
    ...before,
    ...proxies,
    // The address that worked from here; the server may know itself by another.
    serverUrl,
    token,
    computerId,
    displayName,
    ...(caFile ? { caFile } : {}),
  }
  writePrivate(configPath, `${JSON.stringify(after, null, 2)}\n`)
  return { computerId, displayName }
}

async function post(url: string, body: unknown, caFile: string | undefined): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS),
      ...(caFile ? { tls: { ca: await Bun.file(caFile).text() } } : {}),
    })
  } catch (cause) {
    throw new NekodeError('unavailable', `${new URL(url).origin} cannot be reached.`, {
      next: 'Check the address, and that this computer can reach it.',
      cause,
    })
  }
}

function refusal(status: number, body: string): NekodeError {
  const said = ErrorBody.safeParse(parseJson(body)).data
  const kind = status >= 500 || status === 0 ? 'unavailable' : status === 410 ? 'gone' : 'forbidden'
  return new NekodeError(kind, said?.error ?? `The server answered ${status}: ${redactText(body.slice(0, 200))}`, {
    ...(said ? { code: said.code } : {}),
    next: said?.next ?? 'Ask for a new install code: in the console, Computers, Add computer.',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A proxy's page instead of the server's answer.
    return undefined
  }
}
