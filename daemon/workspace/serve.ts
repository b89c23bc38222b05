import { MAX_IMAGE_BYTES, workspaceRoutes } from '@shared/contract/workspaces'
import { type ErrorKind, NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import { ZodError } from 'zod'
import { listTree, openInside, readFile } from './files'

const TREE = workspaceRoutes['GET /api/agents/{id}/workspace/tree'].query
const FILE = workspaceRoutes['GET /api/agents/{id}/workspace/file'].query
const USUAL_ENTRIES = 200
const MAX_FILE_BYTES = 1 << 20

const STATUS: Partial<Record<ErrorKind, number>> = {
  invalid: 400,
  forbidden: 403,
  not_found: 404,
  precondition: 412,
  too_large: 413,
}

const BYTES = workspaceRoutes['GET /api/agents/{id}/workspace/image'].query
const PIECE_BYTES = 64 << 10

/**
 * Answers the server's question about an agent's workspace: `/tree?agent=…&path=…` or `/file?…`, in JSON; `/bytes?…` with what is in a
 * file, as far as it is one of a size to be shown.
 * @param folderOf real path of an agent's workspace
 */
export async function serveWorkspace(
  exchange: Exchange,
  path: string,
  folderOf: (agentId: string) => Promise<string>,
): Promise<void> {
  const [status, body] = await answer(exchange, path, folderOf)
  if (status === 'sent') return
  exchange.respond(status, [['content-type', 'application/json']])
  await exchange.write(new TextEncoder().encode(JSON.stringify(body)))
  await exchange.end()
}

async function answer(
  exchange: Exchange,
  path: string,
  folderOf: (agentId: string) => Promise<string>,
): Promise<[number | 'sent', unknown]> {
  try {
    const url = new URL(path, 'http://workspace')
    const { agent = '', ...query } = Object.fromEntries(url.searchParams)
    const root = await folderOf(agent)
    if (url.pathname === '/tree') {
      const { path: below = '', depth = 1, limit = USUAL_ENTRIES, cursor } = TREE.parse(query)
      return [200, await listTree(root, { path: below, depth, limit, cursor })]
    }
    if (url.pathname === '/bytes') {
      await sendBytes(exchange, root, BYTES.parse(query).path)
      return ['sent', undefined]
    }
    const { path: file, offset = 0, length = MAX_FILE_BYTES } = FILE.parse(query)
    return [200, await readFile(root, { path: file, offset, length })]
  } catch (error) {
    if (error instanceof ZodError) return [400, { error: 'The question is not valid.', code: 'invalid_request' }]
    if (!(error instanceof NekodeError)) throw error
    const { message, code, next } = error
    return [STATUS[error.kind] ?? 503, { error: message, code, ...(next ? { next } : {}) }]
  }
}

async function sendBytes(exchange: Exchange, root: string, path: string): Promise<void> {
  await using held = await openInside(root, path)
  const { size } = await held.handle.stat()
  if (size > MAX_IMAGE_BYTES)
    throw new NekodeError('too_large', `${path} has more than ${MAX_IMAGE_BYTES >> 20} MiB.`, { code: 'too_large' })
  exchange.respond(200, [['content-type', 'application/octet-stream']])
  // Not more than it had: a file that grows all the time would never end.
  for (let at = 0; at < size;) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, size - at))
    const { bytesRead } = await held.handle.read(piece, 0, piece.length, at)
    if (bytesRead === 0) break
    await exchange.write(piece.subarray(0, bytesRead))
    at += bytesRead
  }
  await exchange.end()
}
