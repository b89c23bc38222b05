import { MAX_FILE_BYTES, MAX_TREE_ENTRIES, api } from '@shared/contract'
import type { Core } from '../core'
import { callerOf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { readPage } from '../rpc/page'
import { seconds } from '../rpc/wire'
import type { WorkspaceService } from './service'

/** An agent has one workspace, whose id is the agent's. */
export function workspaceRpc(
  core: Core,
  workspaces: WorkspaceService,
): Handlers<'listWorkspaceTree' | 'readWorkspaceFile'> {
  const { query: Tree } = api['GET /api/agents/{id}/workspace/tree']
  const { query: File } = api['GET /api/agents/{id}/workspace/file']
  return {
    async listWorkspaceTree(req, context) {
      const caller = callerOf(context)
      const { workspaceId, path } = req
      const { path: below } = Tree.parse({ path })
      let at = path
      const page = await readPage(core.serverId, req, { aggregateId: workspaceId }, async (cursor, limit) => {
        const tree = await workspaces.tree(caller, workspaceId, {
          path: below,
          cursor,
          limit: Math.min(limit, MAX_TREE_ENTRIES),
        })
        at = tree.path
        return tree
      })
      const entries = page.items.map((entry) => ({
        path: entry.path,
        name: entry.name,
        isDir: entry.kind === 'folder',
        sizeBytes: BigInt(entry.sizeBytes),
        modifiedTimeUnix: seconds(entry.modifiedAt),
      }))
      return { workspaceId, path: at, entries, ...page.next }
    },

    async readWorkspaceFile({ workspaceId, path, maxBytes }, context) {
      const { path: file } = File.parse({ path })
      const length = Math.min(maxBytes || MAX_FILE_BYTES, MAX_FILE_BYTES)
      const found = await workspaces.file(callerOf(context), workspaceId, { path: file, length })
      return {
        workspaceId,
        path: found.path,
        content: found.content,
        truncated: found.nextOffset !== null,
        sizeBytes: BigInt(found.sizeBytes),
      }
    },
  }
}
