import { errorText } from '@shared/errors'
import { z } from 'zod'
import { command } from './command'
import { Exit } from './exit'
import { withDaemon } from './local'
import { configArg, readRunning } from './settings'

const PATIENCE_MS = 5000
const Version = z.object({ version: z.string() })

/** One end of the line. */
interface Health {
  ok: boolean
  version?: string
  /** Why it is not. */
  error?: string
}

export const health = command({
  name: 'health',
  description: 'Whether the daemon answers, and the server from here',
  args: configArg,
  examples: ['nekode-daemon health', 'nekode-daemon health --json'],
  notes: [
    'The exit code is 0 when both answer, and 5 when one does not. What is wrong, and what to do: nekode-daemon doctor',
    'JSON: {"daemon", "server"}, each {"ok", "version"?, "error"?}; the server with its "url".',
  ],
  run: async ({ args, host, out }) => {
    const { serverUrl: url, caFile } = readRunning(args)
    const [daemon, server] = await Promise.all([
      tried(() => withDaemon(host, (client) => client.call('Ping', {}), PATIENCE_MS)),
      tried(() => askServer(url, caFile)),
    ])
    out.show({ daemon, server: { ...server, url } }, () =>
      [`daemon  ${text(daemon)}`, `server  ${text(server)}, ${url}`].join('\n'),
    )
    return daemon.ok && server.ok ? Exit.ok : Exit.unreachable
  },
})

const text = ({ ok, version, error }: Health): string => (ok ? `answers (${version})` : `does not answer: ${error}`)

async function tried(work: () => Promise<{ version: string }>): Promise<Health> {
  try {
    const { version } = await work()
    return { ok: true, version }
  } catch (error) {
    return { ok: false, error: errorText(error).replace(/\.$/, '') }
  }
}

async function askServer(url: string, caFile: string | undefined): Promise<{ version: string }> {
  const response = await fetch(`${url}/api/version`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(caFile ? { tls: { ca: await Bun.file(caFile).text() } } : {}),
  })
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  return Version.parse(await response.json())
}
