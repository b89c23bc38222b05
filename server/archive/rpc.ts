import type { MessageInitShape } from '@bufbuild/protobuf'
import { ArchivePhase } from '@shared/contract'
import {
  type AgentRunEvent,
  type AgentRunEventSchema,
  AgentRunPhase,
  type AgentRunSummarySchema,
} from '@shared/gen/nekode/daemon/v1/archive_pb'
import type { Core } from '../core'
import { fitting } from '../http/fitting'
import { callerOf, computerOf, mustBeSelf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { Life } from '../rpc/life'
import { TEXT } from '../rpc/limits'
import { limitOf, readPage } from '../rpc/page'
import { cut, firstLine } from '../rpc/text'
import { seconds } from '../rpc/wire'
import type { ArchiveEvent, ArchiveService } from './service'
import type { ArchiveEventRow, ArchiveRow } from './view'

/** Largest payload of one event, in bytes. */
const MAX_PAYLOAD = 262_144

const PHASES: Record<ArchivePhase, AgentRunPhase> = {
  start: AgentRunPhase.START,
  tool_call: AgentRunPhase.TOOL_CALL,
  tool_result: AgentRunPhase.TOOL_RESULT,
  error: AgentRunPhase.ERROR,
  output: AgentRunPhase.OUTPUT,
  end: AgentRunPhase.END,
}

export function archiveRpc(
  core: Core,
  archive: ArchiveService,
): Handlers<'reportAgentRun' | 'listAgentRuns' | 'getAgentRun' | 'searchAgentRuns'> {
  return {
    async reportAgentRun(events, context) {
      const p = computerOf(context)
      using life = new Life(context, core)
      const count = { persisted: 0n, dropped: 0n }
      const store = async (): Promise<void> => {
        for await (const sent of events) {
          mustBeSelf(p, sent.computerId)
          const event = readEvent(sent)
          const kept = event !== undefined && (await archive.record(p, event))
          if (kept) count.persisted++
          else count.dropped++
        }
      }
      // A stream may be silent for as long as its run; a revoked credential ends it all the same.
      await Promise.race([store(), life.over()])
      return { persistedCount: count.persisted, droppedCount: count.dropped }
    },

    async listAgentRuns(req, context) {
      const caller = callerOf(context)
      const page = await readPage(core.serverId, req, { usual: 50 }, (cursor, limit) =>
        archive.list(caller, {
          agentId: req.agentId || undefined,
          computerId: req.computerId || undefined,
          limit,
          cursor,
        }),
      )
      return { runs: page.items.map(wireArchive), ...page.next }
    },

    async getAgentRun(req, context) {
      const found = await archive.get(callerOf(context), req.runId, req.includeEvents)
      return {
        run: wireArchive(found.archive),
        events: found.events.map((event) => wireEvent(found.archive, event)),
      }
    },

    async searchAgentRuns(req, context) {
      const hits = await archive.search(callerOf(context), {
        q: cut(req.query.trim(), TEXT.query),
        agentId: req.agentId || undefined,
        computerId: req.computerId || undefined,
        limit: limitOf(req.limit, 50),
      })
      const fit = fitting(hits, ({ event }) => event.size)
      return {
        hits: fit.map(({ archive: run, event, highlight }) => ({
          run: wireArchive(run),
          matchingEvent: wireEvent(run, event),
          highlight,
        })),
      }
    },
  }
}

function readEvent(e: AgentRunEvent): ArchiveEvent | undefined {
  const phase = phaseOf(e.phase)
  const payload = readPayload(e.payloadJson)
  if (!phase || payload === undefined || e.runId === '' || e.runId.length > 128) return undefined
  return {
    runId: e.runId,
    agentId: e.agentId,
    phase,
    atNs: e.atUnixNano,
    summary: firstLine(e.summary, TEXT.line),
    payload,
    exitCode: e.exitCode,
    error: cut(e.errorMessage, TEXT.error),
  }
}

const phaseOf = (phase: AgentRunPhase): ArchivePhase | undefined =>
  ArchivePhase.options.find((name) => PHASES[name] === phase)

/** The payload as text; undefined for what is no JSON object, or too large to keep. */
function readPayload(bytes: Uint8Array): string | undefined {
  if (!bytes.length) return ''
  if (bytes.length > MAX_PAYLOAD) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.trimStart().startsWith('{') && JSON.parse(text) ? text : undefined
  } catch {
    // Counted as dropped: the caller is told how many, and a broken event must not end the stream.
    return undefined
  }
}

const wireArchive = (a: ArchiveRow): MessageInitShape<typeof AgentRunSummarySchema> => ({
  runId: a.runId,
  agentId: a.agentId,
  computerId: a.computerId,
  startedTimeUnix: seconds(a.startedAt),
  endedTimeUnix: seconds(a.endedAt),
  exitCode: a.exitCode,
  summary: a.summary,
  errorMessage: a.error,
  eventCount: a.eventCount,
})

const wireEvent = (a: ArchiveRow, e: ArchiveEventRow): MessageInitShape<typeof AgentRunEventSchema> => ({
  runId: a.runId,
  agentId: a.agentId,
  computerId: a.computerId,
  phase: PHASES[ArchivePhase.parse(e.phase)],
  atUnixNano: BigInt(e.atNs),
  summary: e.summary,
  payloadJson: new TextEncoder().encode(e.payload),
  exitCode: e.exitCode,
  errorMessage: e.error,
})
