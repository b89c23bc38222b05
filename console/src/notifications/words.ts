import type { NotificationRoute } from '@shared/contract'
import { endpoints } from '../endpoints/store'
import { t } from '../i18n'
import '../i18n/en/endpoints'

export type Kind = NotificationRoute['eventKind']
export type Preference = NotificationRoute['preference']
/** What an event can be; a route can also be for all of them. */
export type EventKind = Exclude<Kind, 'all'>

export const eventKinds: EventKind[] = ['message', 'mention', 'task', 'reminder', 'run', 'activity', 'delivery_status']
export const kinds: Kind[] = ['all', ...eventKinds]
export const preferences: Preference[] = ['all', 'mentions', 'muted']

export const endpointName = (id: string): string => endpoints.items[id]?.displayName ?? t('endpoint.gone')
