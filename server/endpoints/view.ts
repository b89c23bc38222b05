import { HIDDEN, type InteractionEndpoint } from '@shared/contract'
import type { Directory } from '../directory/directory'
import type { EndpointRow } from './book'

/** @param config whether the reader may see the settings; secrets nobody may */
export const endpointView = (row: EndpointRow, directory: Directory, config: boolean): InteractionEndpoint => ({
  id: row.id,
  kind: row.kind,
  provider: row.provider,
  displayName: row.displayName,
  targetPrefix: row.targetPrefix,
  target: (row.channelId === null ? undefined : directory.channel(row.channelId)?.target) ?? null,
  inboundEnabled: row.inboundEnabled,
  outboundEnabled: row.outboundEnabled,
  authMode: row.authMode,
  config: config
    ? { ...row.config, ...Object.fromEntries(Object.keys(row.secrets).map((name) => [name, HIDDEN])) }
    : null,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})
