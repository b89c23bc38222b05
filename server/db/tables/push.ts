import type { PushSettings } from '@shared/contract'
import type { Dialect } from '../dialect'

/** Which browsers get notifications. */
export function pushTables(d: Dialect) {
  const pushSubscriptions = d.table(
    'push_subscriptions',
    {
      /** The credential of the browser's session: one subscription each, which ends with it. */
      sessionId: d.id().primaryKey(),
      userId: d.id().notNull(),
      /** Sealed: the push service's address and the browser's keys. */
      address: d.text().notNull(),
      locale: d.str(16).$type<'en' | 'zh-CN'>().notNull(),
      settings: d.json<PushSettings>().notNull(),
      createdAt: d.ms().notNull(),
    },
    (t) => [d.index('push_subscriptions_user').on(t.userId)],
  )
  return { pushSubscriptions }
}
