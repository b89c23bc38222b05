import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { Trigger, WatchAction } from './contract'
import { LIMITS } from './limits'
import type { WatchRow } from './store'

/** What a message needs: who says what where. Sending it again with the same `requestId` says nothing twice. */
export interface WatchMessage {
  as?: string
  target: string
  content: string
  threadId?: string
  requestId: string
}

/** What watches can start. What is not there is refused when a watch is added. */
export interface WatchPorts {
  /** @throws NekodeError not_found when there is no such job */
  findJob?: (job: string) => Promise<void>
  /** @returns one line that says what came of it */
  runJob?: (
    job: string,
    why: { triggerId: string; watch: string; dir: string; files: string[]; total: number },
  ) => Promise<string>
  say?: (message: WatchMessage) => Promise<void>
  /** @returns one line that says what came of it */
  purge?: (filter: Omit<Extract<WatchAction, { kind: 'purge' }>, 'kind'>) => Promise<string>
}

const missing = (what: string): NekodeError =>
  new NekodeError('unimplemented', `This daemon has no ${what} that a watch could start.`, { code: 'WATCH-002' })

/** @throws NekodeError `WATCH-002` when this daemon cannot do what the watch asks for */
export function checkAction({ kind }: WatchAction, ports: WatchPorts): void {
  if (kind === 'job' && !ports.runJob) throw missing('jobs')
  if (kind === 'message' && !ports.say) throw missing('messages')
  if (kind === 'purge' && !ports.purge) throw missing('cache')
}

/** Does what a watch is for. @returns one line that says what came of it */
export async function perform({ id, name, spec }: WatchRow, trigger: Trigger, ports: WatchPorts): Promise<string> {
  const { action, dir } = spec
  switch (action.kind) {
    case 'event':
      return 'told'
    case 'job': {
      if (!ports.runJob) throw missing('jobs')
      const files = trigger.files.map(({ path }) => join(dir, path))
      return ports.runJob(action.job, { triggerId: trigger.id, watch: name ?? id, dir, files, total: trigger.total })
    }
    case 'message':
      if (!ports.say) throw missing('messages')
      await ports.say(messageOf(action, messageText(name ?? id, dir, action.text, trigger), trigger.id))
      return `said to ${action.target}`
    case 'purge': {
      if (!ports.purge) throw missing('cache')
      const { kind: _, ...filter } = action
      return ports.purge(filter)
    }
  }
}

type Message = Extract<WatchAction, { kind: 'message' }>

export const messageOf = ({ target, as, thread_id }: Message, content: string, requestId: string): WatchMessage => ({
  target,
  content,
  requestId,
  ...(as === undefined ? {} : { as }),
  ...(thread_id === undefined ? {} : { threadId: thread_id }),
})

const MARKS = { created: '+', changed: '~', removed: '-' }

/** What is said of a trigger. Names of files are whatever somebody called them: they stand in a block that calls nobody. */
export function messageText(watch: string, dir: string, text: string | undefined, trigger: Trigger): string {
  const shown = trigger.files.slice(0, LIMITS.shown)
  const more = trigger.total - shown.length
  const away = trigger.while_away ? ' while nobody looked' : ''
  const head = `${trigger.total} ${trigger.total === 1 ? 'file' : 'files'} changed${away} in \`${plain(dir)}\` (watch ${watch}):`
  const lines = shown.map(({ path, change }) => `${MARKS[change]} ${plain(path)}`)
  const rest = more > 0 ? [`… and ${more} more`] : []
  return [...(text ? [text, ''] : []), head, '```', ...lines, ...rest, '```'].join('\n')
}

/** A name that breaks out of no block and no line, and does not turn the text around. */
const plain = (name: string): string =>
  name
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('`', '\\u0060')
    .slice(0, 500)
