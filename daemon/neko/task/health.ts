import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { z } from 'zod'
import { failureOf } from '../../runtimes/failure'
import { failures } from '@shared/contract/failures'
import { locateModel } from '../agent/locate'
import { agentSettings, type AgentFlags, type AgentSettings } from '../agent/settings'
import { NekoClient } from '../client/client'
import { Frames } from '../frames/frames'

export interface Check {
  name: string
  ok: boolean
  /** What was found, or what is wrong; one entry for each thing that is. */
  details: string[]
  next?: string
}

type Env = Record<string, string | undefined>

const MODEL_MS = 10_000
const PICTURE_MS = 15_000

/** What an agent needs, looked at once: its settings, the model's endpoint, the server with its login, and a picture of the screen. */
export async function healthChecks(env: Env, flags: AgentFlags, log: Logger): Promise<Check[]> {
  let settings: AgentSettings
  try {
    settings = agentSettings(env, flags)
  } catch (error) {
    return [failed('Configuration validation', error)]
  }
  const configured = { name: 'Configuration validation', ok: true, details: settings.warnings }
  const [model, room] = await Promise.all([checkModel(settings, env), checkRoom(settings, log)])
  return [configured, model, ...room]
}

const Models = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) })

/** Asks the endpoint for its models: that takes no tokens, and a wrong key is refused. */
async function checkModel(settings: AgentSettings, env: Env): Promise<Check> {
  const name = 'Model loading'
  try {
    const { provider, baseUrl, apiKey, model } = await locateModel(settings, env)
    const headers: Record<string, string> =
      provider === 'anthropic'
        ? { 'anthropic-version': '2023-06-01', ...(apiKey ? { 'x-api-key': apiKey } : {}) }
        : apiKey
          ? { authorization: `Bearer ${apiKey}` }
          : {}
    const response = await fetch(`${baseUrl}/models`, { headers, signal: AbortSignal.timeout(MODEL_MS) })
    const where = `${model} at ${new URL(baseUrl).host}`
    if (response.status === 401 || response.status === 403)
      return { name, ok: false, details: [`${where} refuses the key (${response.status}).`], next: KEY }
    if (response.status >= 500) return { name, ok: false, details: [`${where} answers ${response.status}.`], next: UP }
    const listed = response.ok ? Models.safeParse(await response.json()).data?.data : undefined
    const isKnown = !listed || listed.length === 0 || listed.some(({ id }) => id === model)
    return { name, ok: true, details: [isKnown ? where : `${where}, which does not list this model`] }
  } catch (error) {
    const { reason, message } = failureOf(error)
    // Which says what to set.
    if (reason === 'runtime_login_required') return { name, ok: false, details: [message] }
    return { name, ok: false, details: [message], next: reason === 'internal' ? UP : failures[reason].next }
  }
}

const KEY = 'Give the endpoint’s key: NEKODE_MODEL_API_KEY, OPENROUTER_API_KEY, OPENAI_API_KEY or ANTHROPIC_API_KEY.'
const UP = 'Check that the endpoint runs and can be reached from here, and its address (NEKODE_MODEL_BASE_URL).'

async function checkRoom(settings: AgentSettings, log: Logger): Promise<Check[]> {
  const name = 'WebSocket connectivity'
  let client: NekoClient
  try {
    client = await NekoClient.connect({ ...settings.connection, reconnect: false, log })
  } catch (error) {
    return [failed(name, error)]
  }
  try {
    const { sessionId, screen, sessions } = client.state
    const who = sessions.get(sessionId)?.profile.name ?? sessionId
    const details = [`${client.base} as ${who}, screen ${screen.width}x${screen.height}`]
    const mayHost = client.profile?.can_host !== false
    const connected: Check = mayHost
      ? { name, ok: true, details }
      : {
          name,
          ok: false,
          details: [...details, 'This session may watch, but not steer.'],
          next: 'Give its profile the right to host (can_host), or log in as somebody else.',
        }
    return [connected, await checkPicture(client, settings, log)]
  } finally {
    await client.close()
  }
}

async function checkPicture(client: NekoClient, settings: AgentSettings, log: Logger): Promise<Check> {
  const name = 'Picture of the screen'
  const { frames: prefer, ice } = settings
  const frames = new Frames(client, { prefer, ice, log })
  try {
    const { width, height, source } = await frames.next({ timeoutMs: PICTURE_MS })
    return { name, ok: true, details: [`${width}x${height} by ${source}`] }
  } catch (error) {
    return failed(name, error)
  } finally {
    await frames.close()
  }
}

function failed(name: string, error: unknown): Check {
  const known = error instanceof NekodeError ? error : undefined
  const details = known?.details?.map(({ path, message }) => `${path} ${message}`) ?? [errorText(error)]
  return { name, ok: false, details, ...(known?.next === undefined ? {} : { next: known.next }) }
}

/** Every check on a line of its own, what is wrong below it, and what to do. */
export function healthText(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ name, ok, details, next }) => [
    `${name}: ${ok ? 'PASSED' : 'FAILED'}${ok && details.length === 1 ? ` (${details[0]})` : ''}`,
    ...(ok && details.length === 1 ? [] : details.map((detail) => `  - ${detail}`)),
    ...(next === undefined ? [] : [`    ${next}`]),
  ])
  return [...lines, checks.every(({ ok }) => ok) ? 'All systems ready' : 'Not ready'].join('\n')
}
