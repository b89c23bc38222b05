import { sqlite } from './dialect'
import { tables } from './tables'

export const {
  settings,
  users,
  credentials,
  channels,
  members,
  messages,
  mentions,
  computers,
  enrollments,
  agents,
  deliveries,
  runs,
  runSteps,
  approvals,
  prompts,
  permits,
  operations,
  activities,
  archives,
  archiveEvents,
  events,
  idempotency,
  audit,
} = tables(sqlite)
