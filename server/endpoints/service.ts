import { type EndpointAuthMode, type EndpointKind, HIDDEN, type InteractionEndpoint } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type Principal, type UserPrincipal, actorOf, administers } from '../access/principal'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import type { GuardedFetch } from '../http/guarded'
import { newSigningSecret } from '../webhooks/signature'
import type { Outcome, Outgoing, Settings } from './adapter'
import type { EndpointBook, EndpointRow } from './book'
import { addressesOf, secretsOf } from './form'
import type { Provider } from './provider'
import { canReceive, checkConfig, providerOf } from './registry'
import { deliver } from './send'
import { EndpointStore } from './store'
import { endpointView } from './view'

/** Endpoints of a server: every event of every channel may have to be held against each. */
const MAX_ENDPOINTS = 500

export interface EndpointInput {
  displayName?: string | undefined
  targetPrefix?: string | undefined
  target?: string | null | undefined
  inboundEnabled?: boolean | undefined
  outboundEnabled?: boolean | undefined
  authMode?: EndpointAuthMode | undefined
  config?: Record<string, unknown> | undefined
}

/** Cancels what still waits to go to an endpoint that is removed. */
export type CancelWaiting = (tx: Tx, endpointId: string, by: UserPrincipal) => Promise<void>

export interface TestResult {
  ready: boolean
  summary: string
  checks: { name: string; ok: boolean; detail: string }[]
  endpoint: InteractionEndpoint
}

/** What the server is connected to. Making and changing is for admins; secrets are sealed when they come in and never shown again. */
export class EndpointService {
  readonly #store: EndpointStore
  #cancelWaiting: CancelWaiting = async () => {}

  constructor(
    private readonly core: Core,
    readonly book: EndpointBook,
    private readonly guarded: GuardedFetch,
  ) {
    this.#store = new EndpointStore(core.db)
  }

  whenRemoved(cancel: CancelWaiting): void {
    this.#cancelWaiting = cancel
  }

  list(p: Principal, page: { limit?: number | undefined; cursor?: string | undefined } = {}) {
    const limit = page.limit ?? 100
    const rows = this.book
      .endpoints()
      .filter((e) => page.cursor === undefined || e.id > page.cursor)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map((row) => this.#view(p, row)),
      ...(rows.length > limit && last ? { nextCursor: last.id } : {}),
    }
  }

  get(p: Principal, id: string): InteractionEndpoint {
    return this.#view(p, this.row(id))
  }

  /** @throws NekodeError not_found */
  row(id: string): EndpointRow {
    const row = this.book.endpoint(id)
    if (!row) throw noEndpoint()
    return row
  }

  /** @returns the endpoint, with the signing secret when one was made for it: it is shown this once */
  async create(
    p: UserPrincipal,
    input: EndpointInput & { provider: string; kind?: EndpointKind | undefined; displayName: string },
    address: string,
  ): Promise<InteractionEndpoint & { secret?: string }> {
    const provider = providerOf(input.provider)
    if (input.kind !== undefined && input.kind !== provider.kind)
      throw invalid('kind', `The provider ${provider.name} is of the kind “${provider.kind}”.`)
    const config = checkConfig(provider, input.config ?? {})
    const made = provider.signs && config.secret === undefined ? newSigningSecret() : undefined
    const now = Date.now()
    const id = newId('iep')
    const row: EndpointRow = {
      id,
      kind: provider.kind,
      provider: provider.name,
      displayName: input.displayName,
      targetPrefix: input.targetPrefix ?? '#',
      channelId: this.#channelId(p, input.target) ?? null,
      inboundEnabled: input.inboundEnabled ?? false,
      outboundEnabled: input.outboundEnabled ?? false,
      authMode: input.authMode ?? provider.authModes[0] ?? 'none',
      ...this.#sealed(provider, id, made === undefined ? config : { ...config, secret: made }),
      createdBy: p.id,
      createdAt: now,
      updatedAt: now,
    }
    this.#check(provider, row)
    await this.core.db.tx(async (tx) => {
      if ((await this.#store.count(tx)) >= MAX_ENDPOINTS)
        throw new NekodeError('conflict', `There are ${MAX_ENDPOINTS} endpoints, which is the most there can be.`, {
          code: 'too_many_endpoints',
          next: 'Remove those that are not used any more.',
        })
      await this.#store.insert(tx, row)
      await this.#record(tx, p, row, 'created', address)
    })
    return { ...this.#view(p, row), ...(made === undefined ? {} : { secret: made }) }
  }

  async update(p: UserPrincipal, id: string, input: EndpointInput, address: string): Promise<InteractionEndpoint> {
    const row = await this.core.db.tx(async (tx) => {
      const before = await this.#store.get(tx, id)
      if (!before) throw noEndpoint()
      const provider = providerOf(before.provider)
      const { target, config, ...plain } = input
      const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined))
      const channelId = this.#channelId(p, target)
      const after: EndpointRow = {
        ...before,
        ...given,
        ...(channelId === undefined ? {} : { channelId }),
        ...(config === undefined ? {} : this.#sealed(provider, id, this.#merged(provider, before, config))),
        updatedAt: Date.now(),
      }
      this.#check(provider, after)
      await this.#store.update(tx, after)
      await this.#record(tx, p, after, 'updated', address)
      return after
    })
    return this.#view(p, row)
  }

  async remove(p: UserPrincipal, id: string, address: string): Promise<void> {
    await this.core.db.tx(async (tx) => {
      const row = await this.#store.get(tx, id)
      if (!row) throw noEndpoint()
      if (await this.#store.hasRoutes(tx, id))
        throw new NekodeError('conflict', `Routes lead to ${row.displayName}.`, {
          code: 'endpoint_in_use',
          next: 'Remove its notification routes first.',
        })
      await this.#cancelWaiting(tx, id, p)
      await this.core.credentials.revoke(tx, { kind: 'endpoint', ownerId: id })
      await this.#store.delete(tx, id)
      await this.#record(tx, p, row, 'deleted', address)
    })
  }

  /** A new signing secret in place of the old one. */
  async renewSecret(p: UserPrincipal, id: string, address: string): Promise<{ secret: string }> {
    const { provider } = this.row(id)
    if (!providerOf(provider).signs)
      throw new NekodeError('precondition', 'This provider has no signing secret.', { code: 'not_signed' })
    const secret = newSigningSecret()
    await this.update(p, id, { config: { secret } }, address)
    return { secret }
  }

  /** A new token for what comes in, in place of the old one. */
  async renewToken(p: UserPrincipal, id: string, address: string): Promise<{ token: string }> {
    const { db, credentials, audit } = this.core
    return db.tx(async (tx) => {
      const row = await this.#store.get(tx, id)
      if (!row) throw noEndpoint()
      if (!providerOf(row.provider).authModes.includes('bearer'))
        throw new NekodeError('precondition', 'Nothing comes in from this provider.', { code: 'not_inbound' })
      await credentials.revoke(tx, { kind: 'endpoint', ownerId: id })
      const { token } = await credentials.issue(tx, { kind: 'endpoint', ownerId: id, name: row.displayName })
      await audit.record(tx, { by: p, action: 'endpoint.token', subject: id, address })
      return { token }
    })
  }

  /** Checks the settings and sends a message for real. */
  async test(p: UserPrincipal, id: string, address: string): Promise<TestResult> {
    const row = this.row(id)
    const provider = providerOf(row.provider)
    const missing = this.#missing(provider, row)
    const checks: TestResult['checks'] = []
    if (canReceive(provider))
      checks.push({
        name: 'inbound',
        ok: !row.inboundEnabled || row.channelId !== null,
        detail: row.inboundEnabled ? 'Takes messages in.' : 'Takes nothing in.',
      })
    checks.push({ name: 'config', ok: missing === undefined, detail: missing ?? 'The settings are complete.' })
    if (missing === undefined) {
      const now = Date.now()
      const text = `This is a test from Nekode, asked for by ${p.displayName}.`
      const outgoing: Outgoing = {
        id: newId('odlv'),
        type: 'endpoint.test',
        timestamp: now,
        target: '',
        text,
        data: { text },
        replyTo: null,
      }
      const outcome = await this.send(row, outgoing)
      checks.push({ name: 'send', ok: outcome.ok, detail: outcome.ok ? 'A test message arrived.' : outcome.error })
    }
    await this.core.db.tx((tx) => this.core.audit.record(tx, { by: p, action: 'endpoint.test', subject: id, address }))
    const failed = checks.find((check) => !check.ok)
    return {
      ready: failed === undefined,
      summary: failed === undefined ? 'It works.' : failed.detail,
      checks,
      endpoint: this.#view(p, row),
    }
  }

  /** One attempt. Never throws: what went wrong is in the outcome. */
  async send(row: EndpointRow, outgoing: Outgoing, signal?: AbortSignal): Promise<Outcome> {
    const provider = providerOf(row.provider)
    const missing = this.#missing(provider, row)
    if (missing !== undefined || !provider.adapter) return { ok: false, error: missing ?? '', retry: false }
    try {
      const settings = this.settings(row)
      const outcome = await deliver(this.guarded, provider.adapter, settings, outgoing, signal)
      return outcome.ok ? outcome : { ...outcome, error: without(outcome.error, Object.keys(row.secrets), settings) }
    } catch (error) {
      // A secret that cannot be opened, which waiting does not change.
      if (error instanceof NekodeError) return { ok: false, error: error.message, retry: false }
      throw error
    }
  }

  /** The settings with their secrets, for use and never for showing. */
  settings(row: EndpointRow): Settings {
    const secrets = Object.entries(row.secrets).map(([name, sealed]) => [
      name,
      this.core.secrets.open(sealed, context(row.id, name)),
    ])
    return { ...row.config, ...Object.fromEntries(secrets) }
  }

  /** Whether anything can go there now. */
  isOpen = (id: string): boolean => {
    const row = this.book.endpoint(id)
    return row !== undefined && row.outboundEnabled
  }

  #missing(provider: Provider, row: EndpointRow): string | undefined {
    if (!provider.adapter) return `This version cannot send to ${provider.displayName} yet.`
    const field = provider.sends({ ...row.config, ...row.secrets })
    return field === undefined ? undefined : `The settings lack ${field}.`
  }

  #check(provider: Provider, row: EndpointRow): void {
    if (!provider.authModes.includes(row.authMode))
      throw invalid('authMode', `${provider.displayName} takes ${provider.authModes.join(' or ')}.`)
    if (row.inboundEnabled && !canReceive(provider))
      throw invalid('inboundEnabled', `This version takes nothing in from ${provider.displayName}.`)
    if (row.inboundEnabled && row.channelId === null)
      throw invalid('target', 'What comes in needs a channel to be written to.')
    const missing = row.outboundEnabled ? this.#missing(provider, row) : undefined
    if (missing !== undefined) throw invalid('outboundEnabled', missing)
  }

  /** Undefined: as it was. Whoever connects a channel has to be able to change it. */
  #channelId(p: UserPrincipal, target: string | null | undefined): string | null | undefined {
    if (target === undefined || target === null) return target
    return this.core.access.channel(p, 'manage', target).id
  }

  /** What a change leaves of the settings: `***` keeps a secret, null removes a field, what is not named stays. */
  #merged(provider: Provider, row: EndpointRow, change: Record<string, unknown>): Record<string, unknown> {
    const before = this.settings(row)
    const secrets = secretsOf(provider.form)
    const kept = Object.entries(change).filter(([name, value]) => !(value === HIDDEN && secrets.has(name)))
    const given = new Set(kept.map(([name]) => name))
    const moved = [...addressesOf(provider.form)].some((name) => given.has(name) && change[name] !== before[name])
    // A signing secret never leaves the server; all others would go to wherever the new address leads.
    const taken = [...secrets].find(
      (name) => name in before && !given.has(name) && !(provider.signs && name === 'secret'),
    )
    if (moved && taken !== undefined)
      throw new NekodeError('invalid', 'With another address its secrets have to be given again.', {
        code: 'secret_needed',
        next: 'Enter them anew: who may set an address does not get to read what is sent there.',
        details: [{ path: `config.${taken}`, message: 'has to be given again' }],
      })
    const merged = Object.entries({ ...before, ...Object.fromEntries(kept) }).filter(([, value]) => value !== null)
    return checkConfig(provider, Object.fromEntries(merged))
  }

  #sealed(provider: Provider, id: string, config: Record<string, unknown>): Pick<EndpointRow, 'config' | 'secrets'> {
    const secrets = secretsOf(provider.form)
    const open = Object.entries(config).filter(([name]) => !secrets.has(name))
    const sealed = Object.entries(config).flatMap(([name, value]) =>
      secrets.has(name) ? [[name, this.core.secrets.seal(String(value), context(id, name))]] : [],
    )
    return { config: Object.fromEntries(open), secrets: Object.fromEntries(sealed) }
  }

  async #record(
    tx: Tx,
    p: UserPrincipal,
    row: EndpointRow,
    operation: 'created' | 'updated' | 'deleted',
    address: string,
  ): Promise<void> {
    tx.emit({
      kind: 'endpoint',
      operation,
      aggregateId: row.id,
      audience: 'admin',
      actor: actorOf(p),
      payload: this.#shown(row),
    })
    const { provider, displayName } = row
    await this.core.audit.record(tx, {
      by: p,
      action: `endpoint.${operation.replace(/d$/, '')}`,
      subject: row.id,
      detail: { provider, displayName },
      address,
    })
  }

  /** As every admin may see it: the name of a private channel is for those who are in it. */
  #shown(row: EndpointRow): InteractionEndpoint {
    const { directory } = this.core
    const isPublic = row.channelId !== null && directory.channel(row.channelId)?.visibility === 'public'
    const view = endpointView(row, directory, true)
    return isPublic ? view : { ...view, target: null }
  }

  #view(p: Principal, row: EndpointRow): InteractionEndpoint {
    const view = endpointView(row, this.core.directory, administers(p))
    const channel = row.channelId === null ? undefined : this.core.directory.channel(row.channelId)
    // The name of a private channel is for those who are in it.
    return channel && !this.core.access.can(p, 'read', channel) ? { ...view, target: null } : view
  }
}

/** A receiver may answer with what it was asked with. */
const without = (text: string, names: string[], settings: Settings): string =>
  names.reduce((clean, name) => clean.replaceAll(String(settings[name]), HIDDEN), text)

const context = (id: string, field: string): string => `endpoint:${id}:${field}`

const noEndpoint = (): NekodeError => new NekodeError('not_found', 'There is no such endpoint.')

const invalid = (path: string, message: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', details: [{ path, message }] })
