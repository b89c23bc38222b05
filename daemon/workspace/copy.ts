import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PermissionScope } from '@shared/gen/nekode/daemon/v1/common_pb'
import type { MemoryRecord } from '@shared/gen/nekode/daemon/v1/memory_pb'
import type { Logger } from '@shared/log'
import type { ControlClient } from '../control/client'

/** Beside the agent's own MEMORY.md, which is never written by anybody but the agent and people. */
export const COPY = 'MEMORY.nekode.md'
/** By its first line a file is known to be ours. */
const MARK = '<!-- Written by Nekode. Changes here are lost. -->'
/** UTF-16 code units. A longer copy would cost an agent more than it helps; the rest is named. */
const MAX_LENGTH = 200_000
const PAGE = 200
const MAX_PAGES = 10
const CALL_MS = 5000

/** The text of a copy. The same notes make the same text, whatever order the server lists them in. */
export function copyText(name: string, records: readonly MemoryRecord[]): string {
  const parts = [
    MARK,
    `# What Nekode keeps of @${name}'s memory`,
    'A copy for reading. Change a note with the tool set_memory, look for one with search_memory. What is only for you goes into MEMORY.md.',
  ]
  let left = MAX_LENGTH
  for (const record of records.toSorted(byPlace)) {
    const part = `${heading(record)}\n\n${body(record)}`
    left -= part.length
    parts.push(left >= 0 ? part : `${heading(record)}\n\n(too much for this copy; read it with search_memory)`)
  }
  return `${parts.join('\n\n')}\n`
}

const byPlace = (a: MemoryRecord, b: MemoryRecord): number => (placeOf(a) < placeOf(b) ? -1 : 1)
const placeOf = ({ scope, target, path }: MemoryRecord): string => `${scope}\0${target}\0${path}`

const line = (text: string): string => text.replace(/\s+/g, ' ').trim()

const heading = (r: MemoryRecord): string =>
  [
    `## ${line(r.path)}${r.title ? ` — ${line(r.title)}` : ''}`,
    [
      `scope: ${PermissionScope[r.scope]?.toLowerCase() ?? 'global'}${r.target ? ` ${r.target}` : ''}`,
      `version: ${r.version}`,
      ...(r.tags.length ? [`tags: ${r.tags.map(line).join(', ')}`] : []),
    ].join(' · '),
  ].join('\n')

const body = (r: MemoryRecord): string => (r.localOnly ? '(only on this computer)' : r.content.trimEnd())

/**
 * Puts a copy into a workspace, or takes it away when there is nothing to copy.
 * @returns false when a file of somebody else has its name, which is left alone
 */
export function writeCopy(workspace: string, text: string | undefined): boolean {
  const path = join(workspace, COPY)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found && !isOurs(path)) return false
  if (text === undefined) {
    rmSync(path, { force: true })
    return true
  }
  if (found?.isFile() && readFileSync(path, 'utf8') === text) return true
  const temporary = `${path}.${crypto.randomUUID()}.tmp`
  try {
    // "wx" and the rename: a link that an agent puts there is replaced and not followed.
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  return true
}

/** A link counts as ours: nothing of anybody is lost when it is replaced. */
function isOurs(path: string): boolean {
  const found = lstatSync(path)
  if (found.isSymbolicLink()) return true
  return found.isFile() && existsSync(path) && readFileSync(path, 'utf8').startsWith(MARK)
}

export interface MemoryCopiesOptions {
  client(): ControlClient | null
  log: Logger
}

/** Keeps the copies up to date: one at a time for each agent, and what changes meanwhile is read once more. */
export class MemoryCopies {
  readonly #options: MemoryCopiesOptions
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  /** Where each agent's copy was put last. */
  readonly #places = new Map<string, { name: string; workspace: string }>()

  constructor(options: MemoryCopiesOptions) {
    this.#options = options
  }

  /** Never throws: an agent works with the copy that it has when the server is away. */
  refresh(agent: { agentId: string; name: string }, workspace: string): Promise<void> {
    const { agentId, name } = agent
    this.#places.set(agentId, { name, workspace })
    const busy = this.#busy.get(agentId)
    if (busy) {
      this.#again.add(agentId)
      return busy
    }
    const work = this.#refresh(agent, workspace).finally(() => this.#busy.delete(agentId))
    this.#busy.set(agentId, work)
    return work
  }

  /** The memory of an agent has changed: its copy is made anew where it was put. Without one it is made when the agent starts. */
  changed(agentId: string): void {
    const place = this.#places.get(agentId)
    if (place) void this.refresh({ agentId, name: place.name }, place.workspace)
  }

  async #refresh({ agentId, name }: { agentId: string; name: string }, workspace: string): Promise<void> {
    const { client, log } = this.#options
    try {
      do {
        this.#again.delete(agentId)
        const connection = client()
        if (!connection) return
        const records = await notesOf(connection, agentId)
        if (!writeCopy(workspace, records.length ? copyText(name, records) : undefined))
          log.warn('a file in the workspace has the name of the copy of the memory and is left alone', {
            agent: agentId,
            file: COPY,
          })
      } while (this.#again.has(agentId))
    } catch (error) {
      log.debug('the memory of an agent was not copied', { agent: agentId, error })
    }
  }
}

async function notesOf(client: ControlClient, agentId: string): Promise<MemoryRecord[]> {
  const records: MemoryRecord[] = []
  const signal = AbortSignal.timeout(CALL_MS)
  let cursor: Awaited<ReturnType<ControlClient['listAgentMemory']>>['nextCursor']
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await client.listAgentMemory({ agentId, limit: PAGE, ...(cursor ? { cursor } : {}) }, { signal })
    records.push(...answer.records)
    cursor = answer.nextCursor
    if (!cursor) break
  }
  return records
}
