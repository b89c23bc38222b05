import type { Core } from '../core'
import { newId } from '@shared/ids'
import { NekodeError } from '@shared/errors'
import type { ComputerPrincipal } from '../access/principal'
import { onDuplicate } from '../db/errors'
import type { MessageHistory } from '../messages/history'
import type { MessageRow } from '../messages/view'
import type { RunService } from '../runs/service'
import type { RunRow } from '../runs/view'
import { type Section, replyTarget, sections } from './sections'
import { hashOf, withoutMessage } from './redaction'
import { type PromptRow, PromptStore } from './store'

export const TEMPLATE_VERSION = 'nekode.launch-prompt.v1'

export interface Snapshot {
  prompt: PromptRow
  run: RunRow
  replyTargetHint: string
}

/** The launch prompt of a run, made once and kept, so that what an agent was told can be read later. */
export class PromptService {
  readonly #store: PromptStore

  constructor(
    private readonly core: Core,
    private readonly runs: RunService,
    private readonly history: MessageHistory,
    private readonly computerName: (id: string) => Promise<string>,
    /** What a channel has decided, newest first. */
    private readonly decisions: (channelId: string) => Promise<{ id: string; title: string; body: string }[]>,
    /** Of a digest: the message after which it begins. */
    private readonly digestSince: (deliveryId: string) => Promise<string | null>,
  ) {
    this.#store = new PromptStore(core.db)
  }

  async snapshot(p: ComputerPrincipal, runId: string): Promise<Snapshot> {
    const run = await this.runs.visible(p, runId)
    const known = await this.#store.get(runId)
    if (known && run.detailRemovedAt !== null)
      throw new NekodeError('not_found', 'The prompt of this run was removed: it had been kept for long enough.')
    const prompt = known ?? (await this.#make(run))
    return { prompt, run, replyTargetHint: replyTarget(run) }
  }

  async #make(run: RunRow): Promise<PromptRow> {
    const { parts, messages } = await this.#sections(run)
    const row: PromptRow = {
      runId: run.id,
      id: newId('prompt'),
      ...whole(parts),
      createdAt: Date.now(),
    }
    const ids = messages.map(({ id }) => id)
    const made = this.core.db.tx(async (tx) => {
      // Deleted since it was read: whoever deleted it did not find it in here yet.
      const gone = await this.#store.deleted(tx, ids)
      const deleted = messages.filter(({ id }) => gone.has(id))
      const left = deleted.length ? { ...row, ...whole(parts.map((part) => redacted(part, deleted))) } : row
      await this.#store.insert(tx, left, ids)
      return left
    })
    // Asked for twice at the same moment: the one that was stored counts.
    return onDuplicate(made, async () => (await this.#store.get(run.id)) ?? row)
  }

  /** What came after the last message that the agent was given here: with that one it was told what was before it. */
  async #untold(agentId: string, messages: MessageRow[]): Promise<MessageRow[]> {
    const told = await this.#store.told(
      agentId,
      messages.map(({ id }) => id),
    )
    return messages.slice(messages.findLastIndex(({ id }) => told.has(id)) + 1)
  }

  /** @param since of a digest: after which message it begins */
  async #before(message: MessageRow, agentId: string, since: string | null): Promise<MessageRow[]> {
    if (since !== null) return this.history.between(since, message, agentId)
    return this.#untold(agentId, await this.history.sinceAgentSpoke(message, agentId))
  }

  async #sections(run: RunRow): Promise<{ parts: Section[]; messages: MessageRow[] }> {
    const { directory } = this.core
    const agent = directory.agent(run.agentId)
    const channel = directory.channel(run.channelId)
    if (!agent || !channel)
      throw new NekodeError('not_found', 'The run’s agent or channel is gone.', { code: 'run_unknown' })
    const message = run.inputMessageId === null ? undefined : await this.history.get(run.inputMessageId)
    const since = message && run.deliveryId !== null ? await this.digestSince(run.deliveryId) : null
    const before = message ? await this.#before(message, agent.id, since) : []
    const others = directory.members(channel.id).flatMap((m) => {
      const name = m.kind === 'human' ? directory.user(m.memberId)?.username : directory.agent(m.memberId)?.name
      return name && m.memberId !== agent.id ? [`@${name}`] : []
    })
    const parts = sections({
      serverName: 'Nekode',
      agent,
      computerName: await this.computerName(run.computerId),
      run,
      channel,
      message,
      before,
      isDigest: since !== null,
      others: others.slice(0, 50),
      decisions: await this.decisions(channel.id),
    })
    return { parts, messages: message ? [...before, message] : before }
  }
}

function whole(parts: Section[]): Pick<PromptRow, 'content' | 'contentHash' | 'sections'> {
  const content = parts.map((s) => `## ${s.name}\n${s.content}`).join('\n\n')
  return { content, contentHash: hashOf(content), sections: parts }
}

const redacted = (part: Section, deleted: MessageRow[]): Section => ({
  ...part,
  content: deleted.reduce((left, row) => withoutMessage(left, row, [row.content]), part.content),
})
