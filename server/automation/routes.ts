import type { Core } from '../core'
import type { Mount } from '../http/route'
import { presenceRoutes } from './presence'
import { type ProvisionServices, provisionRoutes } from './provision'
import { type RoomServices, roomRoutes } from './rooms'
import { type StatusServices, statusRoutes } from './status'
import { type WorkServices, workRoutes } from './work'

export interface AutomationServices extends RoomServices, WorkServices, ProvisionServices, StatusServices {}

/** The paths that programs of before know, as thin names for what the server does anyway: docs/http-api.md has all of them. */
export function automationRoutes(mount: Mount, core: Core, services: AutomationServices): void {
  roomRoutes(mount, core, services)
  workRoutes(mount, services)
  presenceRoutes(mount, services.computers)
  provisionRoutes(mount, core, services)
  statusRoutes(mount, core, services)
}
