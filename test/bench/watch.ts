import { mkdirSync, realpathSync, watch as systemWatch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathsOf } from '../../daemon/config/paths'
import { LocalClient } from '../../daemon/local/client'
import { socketAddress } from '../../daemon/local/place'
import { DaemonAlone } from '../e2e/alone'
import { type Bench, figure } from './figure'
import { residentBytes } from './footprint'
import { idlePercent } from './local'
import { quantile } from './stats'

const FOLDERS = 2000
const FILES = 20_000
const CHANGES = 200
const DEBOUNCE_MS = 10

/** Folders in two levels with files in the lower one; @returns the path of every file */
function makeTree(dir: string): string[] {
  const files: string[] = []
  for (let i = 0; i < FILES; i++) {
    const folder = join(dir, `d${i % 40}`, `e${i % FOLDERS}`)
    if (i < FOLDERS) mkdirSync(folder, { recursive: true })
    const path = join(folder, `${i}.ts`)
    writeFileSync(path, '')
    files.push(path)
  }
  return files
}

/** Milliseconds from before a write to when it is known, for files all over the tree. */
async function latencies(files: readonly string[], known: (path: string) => Promise<void>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    const path = files[(i * 7919) % files.length] ?? ''
    const start = performance.now()
    const seen = known(path)
    writeFileSync(path, `${i}`)
    await seen
    times.push(performance.now() - start)
    // So that each is a trigger of its own.
    await Bun.sleep(2 * DEBOUNCE_MS)
  }
  return times
}

async function bareLatencies(dir: string, files: readonly string[]): Promise<number[]> {
  let wake: (path: string) => void = () => undefined
  const watcher = systemWatch(dir, { recursive: true }, (_, name) => wake(join(dir, name ?? '')))
  const times = await latencies(
    files,
    (wanted) => new Promise((resolve) => (wake = (path) => path === wanted && resolve())),
  )
  watcher.close()
  return times
}

export const watch: Bench = {
  name: 'watch',
  async run(place) {
    const daemon = new DaemonAlone(place, { config: { logLevel: 'info' } })
    const dir = join(realpathSync(daemon.home), 'project')
    const files = makeTree(dir)
    await daemon.start()
    const { pid } = daemon.program
    const before = residentBytes(pid)
    const start = performance.now()
    await daemon.ask((client) =>
      client.call('WatchAdd', { dir, name: 'w', debounce_ms: DEBOUNCE_MS, max_per_minute: 600, max_per_hour: 36_000 }),
    )
    const added = performance.now() - start
    const listener = await LocalClient.open({ address: socketAddress(pathsOf(daemon.home)) })
    const events = listener.events()
    const first = events.next()
    const triggered = async (wanted: string): Promise<void> => {
      for (let next = await first; !next.done; next = await events.next())
        if (next.value.type === 'WatchTriggered' && next.value.files.some(({ path }) => join(dir, path) === wanted))
          return
    }
    writeFileSync(files[0] ?? '', 'warm')
    await triggered(files[0] ?? '')
    const times = await latencies(files, triggered)
    listener.close()
    const grown = residentBytes(pid) - before
    const idle = await idlePercent(pid)
    await daemon.stop()
    const bare = await bareLatencies(dir, files)
    const how = `${CHANGES} writes one by one to files in ${FOLDERS} folders, from before the write to the event at the local API; ${DEBOUNCE_MS} ms of silence are waited for`
    return [
      figure({
        what: `change to trigger over ${FILES} files, p50`,
        ours: quantile(times, 0.5),
        bare: quantile(bare, 0.5),
        unit: 'ms',
        atMost: 150,
        how: `${how}; beside it the runtime's own recursive watch in the same process, without waiting`,
      }),
      figure({ what: 'the same, the longest', ours: quantile(times, 1), bare: quantile(bare, 1), unit: 'ms', how }),
      figure({
        what: `adding a watch of ${FILES} files`,
        ours: added,
        unit: 'ms',
        how: `${FOLDERS} folders, from the request to the answer`,
      }),
      figure({ what: 'memory of that watch', ours: grown / 1e6, unit: 'MB', how: 'VmRSS with it less VmRSS without' }),
      figure({
        what: 'processor time of an idle daemon that watches them',
        ours: idle,
        unit: '%',
        atMost: 0.2,
        how: 'of one processor, over 30 s, 20 s after the last change; no server, which is tried again now and then',
      }),
    ]
  },
}
