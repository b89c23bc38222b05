import type { Mount } from '../http/route'
import { csvHead, csvLine, jsonLine } from './export'
import type { Audit } from './service'

export function auditRoutes(mount: Mount, audit: Audit): void {
  mount('GET /api/audit', async ({ query }) => audit.list(query))
  mount('GET /api/audit/export', async ({ principal, query, address }) => {
    const { format = 'ndjson', ...filter } = query
    await audit.recordExport(principal, { format, ...filter }, address)
    const entries = audit.all(filter)
    const [head, line] = format === 'csv' ? [csvHead, csvLine] : ['', jsonLine]
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (head && controller.enqueue(encoder.encode(head))),
      // Read as fast as the caller takes it, a page at a time.
      pull: async (controller) => {
        const { value, done } = await entries.next()
        if (done) return controller.close()
        controller.enqueue(encoder.encode(value.map(line).join('')))
      },
      cancel: async () => void (await entries.return(undefined)),
    })
    return new Response(body, {
      headers: {
        'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
        'content-disposition': `attachment; filename="nekode-audit.${format}"`,
        'cache-control': 'no-store',
      },
    })
  })
}
