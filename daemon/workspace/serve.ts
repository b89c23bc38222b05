import { workspaceRoutes } from '@shared/contract/workspaces'
import { type ErrorKind, NekodeError } from '@shared/errors'
import type { Exchange } from '@shared/tunnel/exchange'
import { ZodError } from 'zod'
import { listTree, readFile } from './files'

const TREE = workspaceRoutes['GET /api/agents/{id}/workspace/tree'].query
const FILE = workspaceRoutes['GET /api/agents/{id}/workspace/file'].query
const USUAL_ENTRIES = 200
const MAX_FILE_BYTES = 1 << 20

const STATUS: Partial<Record<ErrorKind, number>> = { invalid: 400, forbidden: 403, not_found: 404, precondition: 412 }

/**
 * Answers the server's question about an agent's workspace: `/tree?agent=…&path=…` or `/file?…`, in JSON.
 * @param folderOf real path of an agent's workspace
 */
export async function serveWorkspace(
  exchange: Exchange,
  path: string,
  folderOf: (agentId: string) => Promise<string>,
): Promise<void> {
  const [status, body] = await answer(path, folderOf)
  exchange.respond(status, [['content-type', 'application/json']])
  await exchange.write(new TextEncoder().encode(JSON.stringify(body)))
  await exchange.end()
}

async function answer(path: string, folderOf: (agentId: string) => Promise<string>): Promise<[number, unknown]> {
  try {
    const url = new URL(path, 'http://workspace')
    const { agent = '', ...query } = Object.fromEntries(url.searchParams)
    const root = await folderOf(agent)
    if (url.pathname === '/tree') {
      const { path: below = '', depth = 1, limit = USUAL_ENTRIES, cursor } = TREE.parse(query)
      return [200, await listTree(root, { path: below, depth, limit, cursor })]
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
