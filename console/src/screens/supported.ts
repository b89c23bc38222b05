import type { Agent } from '@shared/contract'

/** Whether an agent works on a screen that people can watch. */
export const hasScreen = (agent: Agent | undefined): boolean =>
  agent?.runtimeKind === 'neko' || agent?.runtimeKind === 'neko-agent'
