import { call } from '../api/client'

/** Installs the service worker once the page has nothing better to do. Browsers offer none without https, except on this computer. */
export function installWorker(open: (path: string) => void): void {
  if (!('serviceWorker' in navigator) || import.meta.hot) return
  const { serviceWorker } = navigator
  serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ type?: unknown; path?: unknown } | null>) => {
    if (data?.type === 'open' && typeof data.path === 'string' && data.path.startsWith('/')) open(data.path)
  })
  const report = async () => {
    if ((await call('GET /api/push')).browsers > 0) (await import('./focus')).reportFocus()
  }
  const install = () =>
    Promise.all([serviceWorker.register('/sw.js', { updateViaCache: 'none' }), report()]).catch((error: unknown) => {
      // The console works without: only a start without a network and notifications are missing.
      console.warn('the service worker was not installed', error)
    })
  if ('requestIdleCallback' in window) requestIdleCallback(() => void install(), { timeout: 10_000 })
  else setTimeout(() => void install(), 3000)
}
