import { NekodeError } from '@shared/errors'
import type * as Oauth from 'oauth4webapi'
import { z } from 'zod'
import type { OidcConfig } from './config'

/** Seconds that the provider's clock and ours may differ. */
const SKEW_SECONDS = 60
const ANSWER_MS = 10_000
/** How long what the provider says about itself is believed. */
const DISCOVERY_MS = 60 * 60_000

/** What a login has to remember until the browser comes back. */
export interface Attempt {
  state: string
  nonce: string
  verifier: string
}

/** What the provider says about somebody, checked. */
export interface Claims {
  issuer: string
  subject: string
  email: string
  emailVerified: boolean
  name: string
  username: string
  groups: string[]
}

const Text = z.string().max(1000).catch('')
const Said = z.object({
  email: Text,
  // Some providers send it as a text.
  email_verified: z.union([z.boolean(), z.enum(['true', 'false']).transform((v) => v === 'true')]).catch(false),
  name: Text,
  preferred_username: Text,
})

/** An identity provider over OpenID Connect: authorization code with PKCE, state and nonce. */
export class OidcProvider {
  #known: { as: Oauth.AuthorizationServer; until: number } | undefined

  constructor(private readonly config: OidcConfig) {}

  get #http() {
    // A library of its own kind of size: who does not use it does not load it.
    return import('oauth4webapi')
  }

  #options(
    oauth: typeof Oauth,
  ): { [K in typeof Oauth.allowInsecureRequests]: boolean } & { signal: () => AbortSignal } {
    return {
      // The configuration allows clear text on this very computer only.
      [oauth.allowInsecureRequests]: this.config.issuer.protocol === 'http:',
      signal: () => AbortSignal.timeout(ANSWER_MS),
    }
  }

  async #discover(oauth: typeof Oauth): Promise<Oauth.AuthorizationServer> {
    if (this.#known && this.#known.until > Date.now()) return this.#known.as
    try {
      const response = await oauth.discoveryRequest(this.config.issuer, this.#options(oauth))
      const as = await oauth.processDiscoveryResponse(this.config.issuer, response)
      this.#known = { as, until: Date.now() + DISCOVERY_MS }
      return as
    } catch (cause) {
      throw new NekodeError('unavailable', 'The identity provider does not answer as expected.', {
        code: 'oidc_unavailable',
        next: 'Try again in a moment; an admin finds the reason in the server’s log.',
        cause,
      })
    }
  }

  #client(oauth: typeof Oauth): Oauth.Client {
    return { client_id: this.config.clientId, [oauth.clockTolerance]: SKEW_SECONDS }
  }

  /** Where to send the browser, and what to remember of it. Throws `oidc_unavailable`. */
  async begin(redirectUri: string): Promise<{ url: string; attempt: Attempt }> {
    const oauth = await this.#http
    const as = await this.#discover(oauth)
    const attempt = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
    }
    const url = new URL(as.authorization_endpoint ?? '')
    const query = {
      client_id: this.config.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: this.config.scopes,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return { url: url.href, attempt }
  }

  /**
   * Turns the code that a browser brought back into who it is. Signature, issuer, audience, times, nonce and state are checked.
   * @param callback the whole address that the browser came to
   * @throws NekodeError `oidc_denied`, `oidc_failed`, `oidc_unavailable`
   */
  async finish(callback: URL, redirectUri: string, attempt: Attempt): Promise<Claims> {
    const oauth = await this.#http
    const as = await this.#discover(oauth)
    const client = this.#client(oauth)
    const options = this.#options(oauth)
    try {
      const params = oauth.validateAuthResponse(as, client, callback, attempt.state)
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        this.#authentication(oauth, as),
        params,
        redirectUri,
        attempt.verifier,
        options,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: attempt.nonce,
        requireIdToken: true,
      })
      await oauth.validateApplicationLevelSignature(as, response, options)
      const claims = oauth.getValidatedIdTokenClaims(tokens)
      if (!claims) throw new Error('the answer holds no id token')
      return this.#claims({ ...claims, ...(await this.#userInfo(oauth, as, tokens.access_token, claims)) }, claims)
    } catch (error) {
      throw explain(oauth, error)
    }
  }

  /** Many providers put address and groups there and not into the token. */
  async #userInfo(
    oauth: typeof Oauth,
    as: Oauth.AuthorizationServer,
    token: string,
    claims: Oauth.IDToken,
  ): Promise<Record<string, unknown>> {
    const complete = 'email' in claims && (!this.config.roles.size || this.config.groupsClaim in claims)
    if (complete || as.userinfo_endpoint === undefined) return {}
    const client = this.#client(oauth)
    const response = await oauth.userInfoRequest(as, client, token, this.#options(oauth))
    return oauth.processUserInfoResponse(as, client, claims.sub, response)
  }

  #authentication(oauth: typeof Oauth, as: Oauth.AuthorizationServer): Oauth.ClientAuth {
    const { clientSecret } = this.config
    if (clientSecret === undefined) return oauth.None()
    const methods = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    return methods.includes('client_secret_basic')
      ? oauth.ClientSecretBasic(clientSecret)
      : oauth.ClientSecretPost(clientSecret)
  }

  #claims(all: Record<string, unknown>, { iss, sub }: Oauth.IDToken): Claims {
    const said = Said.parse(all)
    const groups = z
      .union([z.array(z.string()), z.string().transform((one) => [one])])
      .catch([])
      .parse(all[this.config.groupsClaim])
    return {
      issuer: iss,
      subject: sub,
      email: said.email.toLowerCase(),
      emailVerified: said.email_verified,
      name: said.name,
      username: said.preferred_username,
      groups,
    }
  }

  /** Where a browser ends its session at the provider; undefined when the provider has no such place. */
  async logoutUrl(back: string): Promise<string | undefined> {
    const as = await this.#discover(await this.#http)
    if (as.end_session_endpoint === undefined) return undefined
    const url = new URL(as.end_session_endpoint)
    url.searchParams.set('client_id', this.config.clientId)
    url.searchParams.set('post_logout_redirect_uri', back)
    return url.href
  }
}

function explain(oauth: typeof Oauth, error: unknown): NekodeError {
  if (error instanceof NekodeError) return error
  if (error instanceof oauth.AuthorizationResponseError && error.error === 'access_denied')
    return new NekodeError('forbidden', 'The identity provider did not let you in, or you turned back.', {
      code: 'oidc_denied',
      next: 'Try again, or ask whoever looks after your account there.',
      cause: error,
    })
  return new NekodeError('unauthenticated', 'The answer of the identity provider was not what it has to be.', {
    code: 'oidc_failed',
    next: 'Start the login again. If it happens again, an admin finds the reason in the server’s log.',
    cause: error,
  })
}
