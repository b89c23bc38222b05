import { NekodeError } from '@shared/errors'
import { FILES } from '@shared/limits'
import { timingSafeEqual } from 'node:crypto'
import type { Secrets } from '../secrets/service'

/** An address that is good for a while, from the server's root. */
export interface Link {
  url: string
  expiresAt: number
}

type Purpose = 'file' | 'upload' | 'artifact'

/** Addresses that say for themselves what they are good for: one file, one purpose, a few minutes. There is no credential in them. */
export class Links {
  constructor(
    private readonly secrets: Secrets,
    private readonly now: () => number = Date.now,
    /** Where the server is reached, for callers who are told a whole address. */
    private readonly baseUrl = '',
  ) {}

  /** With the server's public address before it, where that is configured; else from the root of the address that the caller uses. */
  absolute(url: string): string {
    return this.baseUrl + url
  }

  download(id: string): Link {
    return this.#link('file', id, `/api/attachments/${id}/file`, FILES.linkSeconds)
  }

  upload(id: string): Link {
    return this.#link('upload', id, `/api/uploads/${id}/content`, FILES.uploadLinkSeconds)
  }

  /** @param path where an artifact is shown */
  artifact(id: string, path: string): Link {
    return this.#link('artifact', id, path, FILES.artifactLinkSeconds)
  }

  #link(purpose: Purpose, id: string, path: string, seconds: number): Link {
    const expires = Math.ceil(this.now() / 1000) + seconds
    const signature = this.#signature(purpose, id, expires)
    return { url: `${path}?expires=${expires}&signature=${signature}`, expiresAt: expires * 1000 }
  }

  /** @throws NekodeError forbidden `link_invalid`; gone `link_expired` */
  check(purpose: Purpose, id: string, expires: number, signature: string): void {
    const expected = Buffer.from(this.#signature(purpose, id, expires))
    const given = Buffer.from(signature)
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new NekodeError('forbidden', 'This address was not made by this server.', {
        code: 'link_invalid',
        next: 'Ask for a new one.',
      })
    if (expires * 1000 <= this.now())
      throw new NekodeError('gone', 'This address was good for a few minutes, and they are over.', {
        code: 'link_expired',
        next: 'Ask for a new one.',
      })
  }

  #signature(purpose: Purpose, id: string, expires: number): string {
    return this.secrets.sign(`${id}.${expires}`, `attachment:${purpose}`)
  }
}
