import { NekodeError } from '@shared/errors'
import type { ResourceKind } from '../db/tables/resources'
import { parseTarget } from '../rpc/target'

/** Characters of an address: those of a target, each of which may be written as several. */
export const MAX_URI = 500

/** What a resource's address names. */
export interface ResourceName {
  kind: ResourceKind
  /** The conversation's target, the task's id or number, the agent's id. */
  name: string
  threadId: string | undefined
}

const FORMS = 'nekode://conversations/%23general, nekode://conversations/%23general:msg_…, nekode://tasks/tsk_…'

/**
 * Reads `nekode://conversations/<target>` (with `:msg_…` for one thread), `nekode://tasks/<id>` or `nekode://memory/<agent id>`. Targets
 * are percent-encoded.
 * @throws NekodeError `resource_unknown`
 */
export function parseUri(uri: string): ResourceName {
  const [, place, encoded] = /^nekode:\/\/(conversations|tasks|memory)\/([^/?#]+)$/.exec(uri) ?? []
  const name = uri.length <= MAX_URI && encoded !== undefined ? decoded(encoded) : undefined
  if (place === undefined || name === undefined || name.length > 200)
    throw new NekodeError('invalid', 'This is no address of a resource here.', {
      code: 'resource_unknown',
      next: `Use one such as ${FORMS}, or nekode://memory/agent_….`,
    })
  if (place === 'tasks') return { kind: 'task', name, threadId: undefined }
  if (place === 'memory') return { kind: 'memory', name, threadId: undefined }
  const { target, threadId } = parseTarget(name)
  return { kind: threadId === undefined ? 'conversation' : 'thread', name: target, threadId }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that begins nothing: the caller is told by the missing name.
    return undefined
  }
}
