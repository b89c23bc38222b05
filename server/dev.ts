/**
 * `bun run dev`: the server from its sources, with the console refreshed in the browser as it is edited. `bun --hot` runs this file
 * again when a source of the server changes, in the same process. Flags are those of `nekode serve`; the data is in `.dev`.
 */
import { createLogger } from '@shared/log'
import { parseArgs } from 'node:util'
import page from '../console/index.html'
import { createServer } from './app'
import { loadConfig } from './config/config'
import { SETTINGS, type Setting } from './config/settings'
import { LocalDaemon } from './local/daemon'

declare global {
  /** Stops what ran before a reload. */
  var stopNekode: (() => Promise<void>) | undefined
}

await globalThis.stopNekode?.()
const settings: Setting[] = Object.values(SETTINGS)
const options = Object.fromEntries(
  settings.flatMap(({ flag, hint }) =>
    flag === undefined ? [] : [[flag, { type: hint === undefined ? ('boolean' as const) : ('string' as const) }]],
  ),
)
const { values } = parseArgs({ args: process.argv.slice(2), options, allowNegative: true })
const config = loadConfig({ flags: { 'data-dir': '.dev', 'log-level': 'debug', ...values } })
const log = createLogger({ level: config.logLevel, format: config.logFormat })
for (const warning of config.warnings) log.warn(warning)
const server = await createServer(config, log, { checkResponses: true, graceMs: 0, page })
const { enrollments, computers } = server.services
const daemon = new LocalDaemon({
  dataDir: config.dataDir,
  log,
  enrollments,
  computers,
  env: process.env,
  graceMs: 1000,
})
globalThis.stopNekode = async () => {
  await daemon.stop()
  await server.stop()
}
await server.start()
if (config.localDaemon) await daemon.start(server.localUrl)
log.info('the server runs from its sources', {
  url: `http://localhost:${server.port}`,
  setupCode: server.setupCode,
})
