/**
 * A viewer of a Neko room in a process of its own, so that its processor time is told apart: `bun neko-viewer.ts URL NAME SECONDS`, the password on
 * standard input. Wants two pictures a second as JPEG, and prints one line of JSON at the end.
 */
import { createLogger } from '@shared/log'
import { NekoClient } from '../../daemon/neko/client/client'
import { Frames } from '../../daemon/neko/frames/frames'

const [url = '', username = '', seconds = '10'] = process.argv.slice(2)
const password = (await Bun.stdin.text()).trim()
const log = createLogger({ level: 'error' })
const client = await NekoClient.connect({ url, username, password, log })
const frames = new Frames(client, { prefer: 'webrtc', ice: { policy: 'strict' }, log })
const look = async (): Promise<number> => {
  const asked = performance.now()
  await (await frames.next({ timeoutMs: 20_000 })).jpeg({ quality: 85 })
  return performance.now() - asked
}
await look()
await Bun.sleep(2000)

const took: number[] = []
const memory: number[] = []
const before = { cpu: process.cpuUsage(), frames: frames.media?.stream?.stats.frames ?? 0, at: performance.now() }
const until = performance.now() + Number(seconds) * 1000
while (performance.now() < until) {
  const next = performance.now() + 500
  took.push(await look())
  memory.push(process.memoryUsage.rss())
  await Bun.sleep(Math.max(0, next - performance.now()))
}
const { user, system } = process.cpuUsage(before.cpu)
const elapsed = performance.now() - before.at
const received = (frames.media?.stream?.stats.frames ?? 0) - before.frames
console.log(
  JSON.stringify({ took, memory, percent: (user + system) / 10 / elapsed, rate: (received * 1000) / elapsed }),
)
await frames.close()
await client.close()
process.exit(0)
