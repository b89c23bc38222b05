import type { Agent, Computer } from '@shared/contract'
import { isCustom, isReady } from '../agents/kinds'

/** Something about a computer that somebody has to look at. */
export type Problem =
  | { kind: 'offline' | 'stale' | 'noRuntime' }
  | { kind: 'olderDaemon'; theirs: string; ours: string }
  | { kind: 'diskFull' | 'memoryFull'; left: number }
  | { kind: 'agent'; agent: Agent }

/** Less than this part of the disk or the memory is almost nothing, however large they are; and so is less than this in bytes. */
const scarce = { disk: { part: 0.05, bytes: 2 ** 30 }, memory: { part: 0.05, bytes: 256 * 2 ** 20 } }

const isScarce = (left: number, total: number, limit: { part: number; bytes: number }): boolean =>
  total > 0 && (left < limit.bytes || left / total < limit.part)

const numbers = (version: string): number[] | undefined => /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number)

/** Whether one released version is older than another. What is no version number is not compared. */
export function isOlder(theirs: string, ours: string): boolean {
  const [a, b] = [numbers(theirs), numbers(ours)]
  if (!a || !b) return false
  const at = a.findIndex((part, index) => part !== b[index])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** What is wrong with a computer, the worst first. While it is offline nothing else is known of it. */
export function problemsOf(computer: Computer, agents: Agent[], serverVersion: string): Problem[] {
  if (computer.status === 'offline') return [{ kind: 'offline' }]
  const problems: Problem[] = []
  if (computer.status === 'stale') problems.push({ kind: 'stale' })
  const { resources, runtimes, version } = computer
  if (resources && isScarce(resources.diskAvailable, resources.diskTotal, scarce.disk))
    problems.push({ kind: 'diskFull', left: resources.diskAvailable })
  if (resources && isScarce(resources.memoryAvailable, resources.memoryTotal, scarce.memory))
    problems.push({ kind: 'memoryFull', left: resources.memoryAvailable })
  for (const agent of agents)
    if (agent.enabled && agent.status.health !== 'ok' && agent.status.health !== 'offline')
      problems.push({ kind: 'agent', agent })
  if (agents.length === 0 && !runtimes.some((one) => isReady(one) && !one.demo && !isCustom(one.kind)))
    problems.push({ kind: 'noRuntime' })
  if (isOlder(version, serverVersion)) problems.push({ kind: 'olderDaemon', theirs: version, ours: serverVersion })
  return problems
}

/** Whether it keeps agents from working, or is only worth knowing. */
export const isSevere = ({ kind }: Problem): boolean => kind !== 'olderDaemon' && kind !== 'noRuntime'
