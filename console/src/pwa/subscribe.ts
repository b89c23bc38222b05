import type { PushSettings } from '@shared/contract'
import { call } from '../api/client'
import { locale } from '../i18n'

export type Support = 'unsupported' | 'denied' | 'ready'

/** Whether this browser can get notifications at all, and whether its user has refused them. */
export function support(): Support {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return 'unsupported'
  return Notification.permission === 'denied' ? 'denied' : 'ready'
}

/** The browser has no push service, or does not reach it. */
export class PushUnavailable extends Error {}

/** Asks for the permission where it is needed, and has notifications sent to this browser. Resolves whether they are. */
export async function subscribe(publicKey: string, settings: PushSettings): Promise<boolean> {
  if ((await Notification.requestPermission()) !== 'granted') return false
  const registration = await navigator.serviceWorker.ready
  const subscription = await renew(registration.pushManager, publicKey).catch((cause: unknown) => {
    throw new PushUnavailable('no push service', { cause })
  })
  const { endpoint, keys } = subscription.toJSON()
  if (!endpoint || !keys?.['p256dh'] || !keys['auth']) throw new PushUnavailable('no keys')
  await call('PUT /api/push', {
    body: { endpoint, keys: { p256dh: keys['p256dh'], auth: keys['auth'] }, locale: locale(), settings },
  })
  return true
}

/** A subscription for another key, such as that of a server that was set up anew, is of no use. */
async function renew(manager: PushManager, publicKey: string): Promise<PushSubscription> {
  const applicationServerKey = Uint8Array.fromBase64(publicKey, { alphabet: 'base64url' })
  const options = { userVisibleOnly: true, applicationServerKey }
  try {
    return await manager.subscribe(options)
  } catch (error) {
    const old = await manager.getSubscription()
    if (!old) throw error
    await old.unsubscribe()
    return manager.subscribe(options)
  }
}

export async function unsubscribe(): Promise<void> {
  await call('DELETE /api/push')
  const registration = await navigator.serviceWorker.ready
  await (await registration.pushManager.getSubscription())?.unsubscribe()
}
