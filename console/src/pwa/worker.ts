import { parseMessage, wordsOf } from './message'
import type { WorkerScope } from './scope'
import { kindOf, outdated } from './shell'

declare const self: WorkerScope
/** Both are put in by the build. */
declare const SHELL_VERSION: string
declare const SHELL_FILES: string[]

const prefix = 'nekode-'
const name = prefix + SHELL_VERSION
const page = '/'
const kept = new Set(SHELL_FILES)
/** How long a page waits for a server that does not answer before it shows what is here. */
const patienceMs = 4000

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(name)
      // The page past the browser's own cache, so that it is the one that these files belong to.
      await cache.addAll([new Request(page, { cache: 'reload' }), ...SHELL_FILES])
      await self.skipWaiting()
    })(),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const old of outdated(await caches.keys(), name, prefix)) await caches.delete(old)
      await self.clients.claim()
    })(),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const kind = kindOf(request, location.origin, kept)
  if (kind === 'page') event.respondWith(showPage(request))
  else if (kind === 'file') event.respondWith(caches.match(request.url).then((found) => found ?? fetch(request)))
})

/** The server's page, which is the newest there is; when the server cannot be reached, the one that is here. */
async function showPage(request: Request): Promise<Response> {
  const cached = await caches.open(name).then((cache) => cache.match(page))
  if (!cached) return fetch(request)
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(cached), patienceMs))
  return Promise.race([fetch(request).catch(() => cached), late])
}

self.addEventListener('push', (event) => {
  event.waitUntil(
    (async () => {
      const message = parseMessage(event.data?.text())
      if (!message) return
      const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
      // Who looks at the console sees it there.
      if (message.kind !== 'test' && pages.some(({ focused }) => focused)) return
      const { title, body } = wordsOf(message)
      await self.registration.showNotification(title, {
        body,
        icon: '/icon-192.png',
        badge: '/badge.png',
        lang: message.locale,
        // One notification for each place: the newest of a conversation stands for it.
        tag: `${message.kind}:${message.path}`,
        data: message.path,
      })
    })(),
  )
})

self.addEventListener('notificationclick', (event) => {
  const { notification } = event
  notification.close()
  event.waitUntil(
    (async () => {
      const path = pathOf(notification.data)
      const [first] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
      if (!first) return self.clients.openWindow(path)
      await first.focus()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a client of a worker has no other origin
      first.postMessage({ type: 'open', path })
    })(),
  )
})

/** Only a page of this console, whatever a message says. */
function pathOf(data: unknown): string {
  if (typeof data !== 'string') return page
  const url = URL.parse(data, location.origin)
  return url?.origin === location.origin ? url.pathname + url.search + url.hash : page
}
