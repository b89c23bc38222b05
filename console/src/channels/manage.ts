import type { Channel } from '@shared/contract'
import { isAdmin } from '../store/session'

/** Whether the reader may change the channel and who is in it. */
export const canManage = (channel: Channel): boolean => channel.role === 'admin' || isAdmin()
