import {
  ErrorBody,
  MAX_FILE_BYTES,
  WorkspaceFile,
  WorkspaceTree,
  type WorkspaceFile as File,
  type WorkspaceTree as Tree,
} from '@shared/contract'
import { type ErrorKind, NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import { WORKSPACE } from '@shared/tunnel/names'
import type { z } from 'zod'
import type { Principal } from '../access/principal'
import type { Core } from '../core'
import { imageType } from '../attachments/sniff'
import type { Attachments } from '../tunnels/attachments'
import { beginning, pictureResponse } from './picture'

export interface TreeQuery {
  path?: string | undefined
  depth?: number | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

export interface FileQuery {
  path: string
  offset?: number | undefined
  length?: number | undefined
}

/** A daemon that is just coming back is waited for. */
const WAIT_MS = 2_000
const ANSWER_MS = 20_000
/** A picture may come over a slow line. */
const IMAGE_MS = 120_000
/** JSON of a file can be several times as long as the file. */
const MAX_ANSWER = 8 * MAX_FILE_BYTES

const KINDS: Record<number, ErrorKind> = {
  400: 'invalid',
  403: 'forbidden',
  404: 'not_found',
  412: 'precondition',
  413: 'too_large',
}

/** The files of agents, as their computers have them now: read by the daemon, which keeps to the workspace. Nothing is kept here. */
export class WorkspaceService {
  constructor(
    private readonly core: Core,
    private readonly attachments: Attachments,
  ) {}

  /** @throws NekodeError `computer_offline`, `daemon_outdated`, or what the computer says */
  async tree(p: Principal, agentId: string, query: TreeQuery): Promise<Tree> {
    return this.#ask(p, agentId, '/tree', { ...query }, WorkspaceTree)
  }

  /** @throws NekodeError as `tree` */
  async file(p: Principal, agentId: string, query: FileQuery): Promise<File> {
    return this.#ask(p, agentId, '/file', { ...query }, WorkspaceFile)
  }

  /**
   * A picture, streamed as it comes: what it is goes by its bytes, and nothing in it runs.
   * @throws NekodeError as `tree`; not_found `no_picture`; too_large
   */
  async image(p: Principal, agentId: string, path: string): Promise<Response> {
    const exchange = await this.#open(p, agentId, '/bytes', { path }, 'workspace-bytes')
    const timer = setTimeout(() => exchange.fail(slow()), IMAGE_MS)
    const over = (): void => {
      clearTimeout(timer)
      exchange.cancel()
    }
    try {
      const { statusCode } = await exchange.head
      if (statusCode !== 200) throw refused(statusCode, await readJson(exchange))
      const begun = await beginning(exchange)
      const type = await imageType(begun)
      if (type === undefined)
        throw new NekodeError('not_found', 'This file is no picture that can be shown.', { code: 'no_picture' })
      return pictureResponse(type, begun, exchange, over)
    } catch (error) {
      over()
      throw error
    }
  }

  async #ask<T>(
    p: Principal,
    agentId: string,
    what: '/tree' | '/file',
    query: Record<string, string | number | undefined>,
    schema: z.ZodType<T>,
  ): Promise<T> {
    const exchange = await this.#open(p, agentId, what, query, 'workspace')
    const timer = setTimeout(() => exchange.fail(slow()), ANSWER_MS)
    try {
      const { statusCode } = await exchange.head
      const body = await readJson(exchange)
      if (statusCode === 200) return schema.parse(body)
      throw refused(statusCode, body)
    } finally {
      clearTimeout(timer)
      exchange.cancel()
    }
  }

  async #open(
    p: Principal,
    agentId: string,
    what: '/tree' | '/file' | '/bytes',
    query: Record<string, string | number | undefined>,
    feature: 'workspace' | 'workspace-bytes',
  ): Promise<Exchange> {
    const agent = this.core.directory.agent(agentId)
    // Who may not look is not told that the agent is there.
    if (!agent || !this.core.access.withAgent(p, 'files', agent))
      throw new NekodeError('not_found', 'There is no such agent whose files you may see.', {
        next: 'Its files are for those who are in a channel with it.',
      })
    const { mux, features } = await this.attachments.wait(agent.computerId, WAIT_MS)
    if (!features.has(feature))
      throw new NekodeError('precondition', 'The daemon on that computer is too old to show files.', {
        code: 'daemon_outdated',
        next: 'Upgrade nekode-daemon there.',
      })
    const given = Object.entries({ ...query, agent: agentId }).filter(([, value]) => value !== undefined)
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
    return mux.open({
      tunnelId: WORKSPACE,
      requestId: crypto.randomUUID().replaceAll('-', ''),
      method: 'GET',
      path: `${what}?${search}`,
    })
  }
}

const slow = (): NekodeError => new NekodeError('unavailable', 'The computer did not answer in time.')

async function readJson(exchange: Exchange): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (let chunk = await exchange.read(); chunk; chunk = await exchange.read()) {
    size += chunk.length
    if (size > MAX_ANSWER) throw new NekodeError('too_large', 'The computer’s answer is too large.')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw new NekodeError('unavailable', 'The computer’s answer cannot be read.', { cause })
  }
}

function refused(status: number, body: unknown): NekodeError {
  const said = ErrorBody.safeParse(body).data
  return new NekodeError(KINDS[status] ?? 'unavailable', said?.error ?? 'The computer could not answer.', {
    ...(said ? { code: said.code } : {}),
    ...(said?.next === undefined ? {} : { next: said.next }),
  })
}
