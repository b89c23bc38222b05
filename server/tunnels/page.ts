import type { NekodeError } from '@shared/errors'

/** A page of the server's own on a preview's origin: a sentence, and what to do next. It runs nothing. */
export function page(status: number, { message, next, retryAfterSeconds }: NekodeError, link?: Link): Response {
  const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  const more = [
    next ? `<p>${escape(next)}</p>` : '',
    link ? `<p><a href="${escape(link.href)}">${escape(link.text)}</a></p>` : '',
  ]
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Preview</title><h1>${escape(message)}</h1>${more.join('')}`
  return new Response(body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...retry,
    },
  })
}

export interface Link {
  href: string
  text: string
}

const escape = (text: string): string => Bun.escapeHTML(text)
