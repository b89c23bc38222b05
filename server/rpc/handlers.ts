import type { ServiceImpl } from '@connectrpc/connect'
import type { DaemonControlService } from '@shared/gen/nekode/daemon/v1/service_pb'
import type { MethodName } from './methods'

/** The part of the service that a feature answers. */
export type Handlers<K extends MethodName> = Pick<ServiceImpl<typeof DaemonControlService>, K>
