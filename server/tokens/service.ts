import type { ApiToken, Scope } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { UserPrincipal } from '../access/principal'
import type { Credential } from '../auth/credentials'
import type { Core } from '../core'

/** A person has at most this many API tokens. */
const MAX_TOKENS = 100

/** API tokens: what a person's programs may do in their name. */
export class TokenService {
  constructor(private readonly core: Core) {}

  async list(p: UserPrincipal): Promise<ApiToken[]> {
    const tokens = await this.core.credentials.list('api', p.id)
    return tokens.toSorted((a, b) => b.createdAt - a.createdAt).map(view)
  }

  /** Makes a token; its text is in this answer and nowhere else. */
  async create(
    p: UserPrincipal,
    input: { name: string; scopes: Scope[]; expiresAt?: number | undefined },
    address: string,
  ): Promise<ApiToken & { token: string }> {
    if (input.expiresAt !== undefined && input.expiresAt <= Date.now())
      throw new NekodeError('invalid', 'The token would have expired already.', {
        code: 'invalid_request',
        next: 'Give expiresAt as Unix milliseconds in the future.',
      })
    if ((await this.core.credentials.list('api', p.id)).length >= MAX_TOKENS)
      throw new NekodeError('conflict', `You have ${MAX_TOKENS} API tokens, which is the most there can be.`, {
        code: 'too_many_tokens',
        next: 'Revoke those that are not used any more.',
      })
    const scopes = [...new Set(input.scopes)]
    const { token, credential } = await this.core.db.tx(async (tx) => {
      const issued = await this.core.credentials.issue(tx, {
        kind: 'api',
        ownerId: p.id,
        name: input.name,
        scopes,
        address,
        ...(input.expiresAt === undefined ? {} : { expiresAt: input.expiresAt }),
      })
      const { id } = issued.credential
      await this.core.audit.record(tx, {
        by: p,
        action: 'token.create',
        subject: id,
        detail: { name: input.name, scopes },
        address,
      })
      return issued
    })
    return { ...view(credential), token }
  }

  /** The token stops working at once, and open streams that use it end. */
  async revoke(p: UserPrincipal, id: string, address: string): Promise<void> {
    const revoked = await this.core.db.tx(async (tx) => {
      const count = await this.core.credentials.revoke(tx, { kind: 'api', ownerId: p.id, id })
      if (count) await this.core.audit.record(tx, { by: p, action: 'token.revoke', subject: id, address })
      return count
    })
    if (!revoked) throw new NekodeError('not_found', 'You have no such API token.')
  }
}

const view = ({ id, name, prefix, scopes, createdAt, lastUsedAt, expiresAt }: Credential): ApiToken => ({
  id,
  name,
  prefix,
  scopes,
  createdAt,
  lastUsedAt,
  expiresAt,
})
