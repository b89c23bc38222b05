import type { Channel } from '@shared/contract'
import { mayManage } from '../messages/allowed'
import { state } from '../store/state'

/** Whether the reader may change the channel and who is in it. */
export const canManage = (channel: Channel): boolean => mayManage(state.me, channel)
