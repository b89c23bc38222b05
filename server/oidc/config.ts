import type { Role } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { readFileSync } from 'node:fs'
import type { Given } from '../config/settings'

export interface OidcConfig {
  issuer: URL
  clientId: string
  /** Undefined: a public client, which has PKCE only. */
  clientSecret: string | undefined
  scopes: string
  /** Domains of verified addresses that may come in; empty: all. */
  domains: string[]
  groupsClaim: string
  /** Role by group, `*` for everybody; empty: the provider says nothing about roles. */
  roles: Map<string, Exclude<Role, 'owner'>>
  /** Whether an account is made for whoever the provider lets in. */
  provision: boolean
  label: string
  /** Whether a logout here also ends the session at the provider. */
  logout: boolean
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What the settings say about an identity provider; undefined when there is none. Throws `config_invalid`. */
export function oidcConfig(given: Given): OidcConfig | undefined {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcClientSecretFile } = given
  if (oidcIssuer === undefined && oidcClientId === undefined) return undefined
  if (oidcIssuer === undefined || oidcClientId === undefined)
    throw invalid('NEKODE_OIDC_ISSUER and NEKODE_OIDC_CLIENT_ID belong together; one of them is missing.')
  if (oidcClientSecret !== undefined && oidcClientSecretFile !== undefined)
    throw invalid(
      'NEKODE_OIDC_CLIENT_SECRET and NEKODE_OIDC_CLIENT_SECRET_FILE are two ways to say one thing; set one.',
    )
  // As it is written: with some providers the slash at its end is part of it.
  const issuer = URL.parse(oidcIssuer)
  if (!issuer || !/^https?:$/.test(issuer.protocol) || issuer.search || issuer.hash)
    throw invalid('NEKODE_OIDC_ISSUER has to be an address, as the provider gives it.')
  if (issuer.protocol !== 'https:' && !LOOPBACK.test(issuer.hostname))
    throw invalid('NEKODE_OIDC_ISSUER has to begin with https://, unless it is on this very computer.')
  return {
    issuer,
    clientId: oidcClientId,
    clientSecret: oidcClientSecretFile === undefined ? oidcClientSecret : secretIn(oidcClientSecretFile),
    scopes: given.oidcScopes ?? 'openid profile email',
    domains: given.oidcAllowedDomains ?? [],
    groupsClaim: given.oidcGroupsClaim ?? 'groups',
    roles: given.oidcRoles ?? new Map(),
    provision: given.oidcProvision ?? true,
    label: given.oidcLabel ?? issuer.hostname,
    logout: given.oidcLogout ?? false,
  }
}

function secretIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new NekodeError('invalid', `The file ${path} of NEKODE_OIDC_CLIENT_SECRET_FILE cannot be read.`, {
      code: 'config_invalid',
      next: 'Check its name, and that the user that runs the server may read it.',
      cause,
    })
  }
}

const invalid = (message: string): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', next: 'See docs/configuration.md.' })
