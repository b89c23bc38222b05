/** The names of previews: 128 random bits, as a label that every resolver takes. */
const TOKEN = /^[0-9a-f]{32}$/
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i

export interface OriginOptions {
  /** `preview.example.com`, with a port where it is not the scheme's own. */
  domain: string | undefined
  /** The server's public address, when one was configured. */
  baseUrl: string | undefined
  tls: boolean
  /** Of the main listener, once it listens. */
  port(): number
  /** Of the listener for previews alone; undefined when there is none. */
  previewPort(): number | undefined
}

/**
 * Where previews are served: each on a host of its own below a domain, so that no preview can reach the console or another one. Without
 * a domain that is `localhost` for who works on this machine; for others a second port, where previews share an origin.
 */
export class PreviewOrigin {
  constructor(private readonly options: OriginOptions) {}

  /**
   * The origin of a preview: `https://<token>.preview.example.com`. @param seen the console's, as the caller has it
   * @returns undefined when there is none for somebody who is not on this machine
   */
  of(token: string, seen?: string): string | undefined {
    const { domain, baseUrl, port, previewPort } = this.options
    const base = new URL(baseUrl ?? seen ?? this.#fallback())
    if (domain !== undefined) {
      const explicit = domain.includes(':')
      return `${base.protocol}//${token}.${domain}${explicit ? '' : this.#portOf(base)}`
    }
    const at = previewPort() ?? (baseUrl === undefined ? port() : Number(base.port || 0))
    if (LOCAL.test(base.hostname)) return `${base.protocol}//${token}.localhost${at ? `:${at}` : ''}`
    const second = previewPort()
    return second === undefined ? undefined : `${base.protocol}//${base.hostname}:${second}`
  }

  #portOf(base: URL): string {
    const { previewPort, baseUrl } = this.options
    // Without a port in the public address there is a proxy in front, which is where previews come in too.
    if (baseUrl !== undefined && base.port === '') return ''
    const port = previewPort() ?? Number(base.port)
    return port ? `:${port}` : ''
  }

  /** The preview that a request is for, by its host. Undefined: none, or one that only its cookie tells. */
  tokenOf(host: string | null): string | undefined {
    // With a dot at its end it is the same host to every resolver.
    const name = (host ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
    const domain = (this.options.domain ?? 'localhost').replace(/:\d+$/, '').toLowerCase()
    if (!name.endsWith(`.${domain}`)) return undefined
    return name.slice(0, -domain.length - 1)
  }

  /** Whether a host is one of previews, known or not: nothing else may answer there. */
  isPreview = (host: string | null): boolean => this.tokenOf(host) !== undefined

  /** Where the console is, for a browser that has to ask it: `http://localhost:18790`. */
  consoleOf(host: string | null, secure: boolean): string {
    const { baseUrl, port, domain } = this.options
    if (baseUrl !== undefined) return baseUrl
    const name = (host ?? '').replace(/:\d+$/, '')
    const isHosted = this.tokenOf(host) !== undefined
    const console = domain === undefined && !isHosted && name !== '' ? name : 'localhost'
    return `${secure ? 'https' : 'http'}://${console}:${port()}`
  }

  #fallback(): string {
    const { tls, port } = this.options
    return `${tls ? 'https' : 'http'}://localhost:${port()}`
  }
}

export const isToken = (text: string): boolean => TOKEN.test(text)
