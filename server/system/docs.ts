import { z } from 'zod'

const Parameter = z.object({ name: z.string(), in: z.string(), required: z.boolean(), schema: z.unknown() })
const Operation = z.object({
  summary: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  parameters: z.array(Parameter),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) }).optional(),
  responses: z.record(
    z.string(),
    z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })).default({}) }),
  ),
})
type Operation = z.infer<typeof Operation>
const Document = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
})

interface Entry {
  method: string
  path: string
  operation: Operation
}

const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#d9dce3,#343842);--dim:light-dark(#5a6070,#a2a8b8);--box:light-dark(#f5f6f9,#1b1e25)}
body{margin:0 auto;max-width:56rem;padding:2rem 1.25rem 6rem;font:16px/1.55 system-ui,sans-serif;color:light-dark(#171a21,#e6e8ee);background:light-dark(#fff,#111318)}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{margin:2.5rem 0 .75rem;padding-top:.5rem;font-size:1.15rem;text-transform:capitalize}
a{color:light-dark(#3452c7,#9db2ff)}p{margin:.35rem 0;color:var(--dim)}nav{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin-top:1rem}
details{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;background:var(--box)}
summary{cursor:pointer;padding:.55rem .8rem;display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
summary b{min-width:4rem;font:600 .8rem/1.4 ui-monospace,monospace}summary code{overflow-wrap:anywhere}
details>div{padding:.2rem .8rem .8rem;border-top:1px solid var(--line)}h3{margin:.9rem 0 .3rem;font-size:.85rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td{padding:.2rem .8rem .2rem 0;vertical-align:top;border-top:1px solid var(--line)}
code,pre{font:.85rem/1.5 ui-monospace,monospace}pre{margin:0;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
`
const styleHash = new Bun.CryptoHasher('sha256').update(STYLE).digest('base64')
const POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The OpenAPI document as a page to read and search: no script, nothing from elsewhere. */
export function docsPage(openapi: unknown): Response {
  const { info, paths } = Document.parse(openapi)
  const entries = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Entry => ({ method: method.toUpperCase(), path, operation })),
  )
  const groups = Map.groupBy(entries, (entry) => entry.operation.tags[0] ?? 'other')
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(info.title)} HTTP API</title><style>${STYLE}</style></head><body>
<h1>${escape(info.title)} HTTP API</h1><p>Version ${escape(info.version)} · <a href="/api/openapi.json">OpenAPI 3.1 document</a></p>
<p>${escape(info.description)}</p>
<nav>${[...groups.keys()].map((tag) => `<a href="#${escape(tag)}">${escape(tag)}</a>`).join('')}</nav>
${[...groups].map(([tag, list]) => `<h2 id="${escape(tag)}">${escape(tag)}</h2>${list.map(render).join('')}`).join('\n')}
</body></html>`
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
    },
  })
}

function render({ method, path, operation }: Entry): string {
  const { summary, description, parameters, requestBody, responses } = operation
  const rows = parameters.map(
    (p) =>
      `<tr><td><code>${escape(p.name)}</code></td><td>${escape(p.in)}${p.required ? ', required' : ''}</td><td><code>${escape(shape(p.schema))}</code></td></tr>`,
  )
  const parts = [`<p>${escape(description)}</p>`]
  if (rows.length) parts.push(`<h3>Parameters</h3><table>${rows.join('')}</table>`)
  for (const { schema } of Object.values(requestBody?.content ?? {}))
    parts.push(`<h3>Body</h3><pre>${escape(shape(schema))}</pre>`)
  for (const [status, { content }] of Object.entries(responses)) {
    if (status === 'default') continue
    for (const [media, { schema }] of Object.entries(content))
      parts.push(`<h3>${escape(status)} ${escape(media)}</h3><pre>${escape(shape(schema))}</pre>`)
  }
  return `<details id="${escape(`${method} ${path}`)}"><summary><b>${method}</b><code>${escape(path)}</code><span>${escape(summary)}</span></summary><div>${parts.join('')}</div></details>`
}

const Node = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
})

/** A JSON schema in the notation that readers of TypeScript know. */
function shape(schema: unknown, indent = ''): string {
  const parsed = Node.safeParse(schema)
  if (!parsed.success) return 'any'
  const node = parsed.data
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = node.anyOf ?? node.oneOf
  if (choices) return choices.map((choice) => shape(choice, indent)).join(' | ')
  if (node.items !== undefined) return `${shape(node.items, indent)}[]`
  if (node.properties) {
    const inner = `${indent}  `
    const lines = Object.entries(node.properties).map(
      ([name, value]) => `${inner}${name}${node.required.includes(name) ? '' : '?'}: ${shape(value, inner)}`,
    )
    return lines.length ? `{\n${lines.join('\n')}\n${indent}}` : '{}'
  }
  if (typeof node.additionalProperties === 'object') return `{ [name]: ${shape(node.additionalProperties, indent)} }`
  return [node.type ?? 'any'].flat().join(' | ')
}

const escape = (text: string): string => Bun.escapeHTML(text)
