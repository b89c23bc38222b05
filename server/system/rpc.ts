import { version } from '@shared/version'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { PROTOCOL } from './protocol'

export const systemRpc = (core: Core): Handlers<'getServerInfo'> => ({
  async getServerInfo(_, context) {
    callerOf(context)
    return { serverName: 'Nekode', version, serverId: core.serverId, ...PROTOCOL.compatibility }
  },
})
