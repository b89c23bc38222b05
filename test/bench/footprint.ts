import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nekode } from './subjects'
import type { Place } from '../e2e/program'
import { startDaemon } from '../e2e/harness'
import { commandOf } from '../e2e/program'
import { freePort } from '../setup/databases'
import { type Bench, type Figure, figure, median } from './figure'

const MB = 1_000_000
const RUNS = 15
/** As `bun run build --sizes` and the release archives have it. */
const ZSTD_LEVEL = 10

/** `bare.ts` as an executable, so that it is started as ours is. */
async function compileBare(place: Place): Promise<string> {
  const outfile = join(place.dir, 'bare')
  await Bun.build({
    entrypoints: [join(import.meta.dir, 'bare.ts')],
    minify: true,
    bytecode: true,
    format: 'esm',
    target: 'bun',
    compile: { outfile },
  })
  return outfile
}

/** Milliseconds from the start of a process to the end of the first request that it answers with 200. */
async function firstAnswer(place: Place, argv: string[], port: number, env: Record<string, string>): Promise<number> {
  const start = performance.now()
  const program = place.start(argv, { name: 'start', env })
  for (;;) {
    const status = await answer(port)
    if (status.startsWith('HTTP/1.1 200')) break
    if (program.ended) throw new Error(program.output)
    await Bun.sleep(1)
  }
  const ms = performance.now() - start
  await program.killHard()
  return ms
}

/** One request on a socket of its own: while nobody listens, this fails quicker than `fetch`. */
function answer(port: number): Promise<string> {
  return new Promise((resolve) => {
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => void socket.write('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'),
        data(socket, chunk) {
          resolve(chunk.toString())
          socket.end()
        },
        close: () => resolve(''),
        error: () => resolve(''),
        connectError: () => resolve(''),
      },
    }).catch(() => resolve(''))
  })
}

export const startup: Bench = {
  name: 'startup',
  async run(place) {
    const bareProgram = await compileBare(place)
    const once = async (kind: 'first' | 'again' | 'bare', dir: string): Promise<number> => {
      const port = await freePort()
      mkdirSync(dir, { recursive: true })
      const flags = ['serve', '--addr', `127.0.0.1:${port}`, '--data-dir', dir, '--no-local-daemon']
      const argv = kind === 'bare' ? [bareProgram, dir, String(port)] : [...commandOf('nekode'), ...flags]
      return firstAnswer(place, argv, port, {})
    }
    const used = join(place.dir, 'used')
    await once('again', used)
    const first: number[] = []
    const again: number[] = []
    const bare: number[] = []
    for (let i = 0; i < RUNS; i++) {
      first.push(await once('first', join(place.dir, `first-${i}`)))
      again.push(await once('again', used))
      bare.push(await once('bare', join(place.dir, 'bare-data')))
    }
    const how = `from starting the process to the end of the first GET /health with 200, median of ${RUNS}`
    return [
      figure({
        what: 'start to first HTTP 200, existing data',
        ours: median(again),
        bare: median(bare),
        unit: 'ms',
        atMost: 150,
        how,
      }),
      figure({
        what: 'start to first HTTP 200, empty folder',
        ours: median(first),
        bare: median(bare),
        unit: 'ms',
        atMost: 150,
        how: `${how}; includes making the database and all migrations`,
      }),
    ]
  },
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

export const memory: Bench = {
  name: 'memory',
  async run(place) {
    const SETTLE_MS = 5000
    const subject = await nekode(place)
    const alone = await settled(subject.server.program.pid, SETTLE_MS)
    const daemon = await startDaemon(place, subject.server)
    const daemonBytes = await settled(daemon.program.pid, SETTLE_MS)
    await daemon.stop()
    await subject.server.stop()
    const bareProgram = await compileBare(place)
    const folder = join(place.dir, 'bare-memory')
    mkdirSync(folder)
    const bare = place.start([bareProgram, folder, '0'])
    await bare.line(/port \d+/)
    const bareBytes = await settled(bare.pid, SETTLE_MS)
    const how = `VmRSS ${SETTLE_MS / 1000} s after the last work`
    return [
      figure({
        what: 'idle memory of the server',
        ours: alone / MB,
        bare: bareBytes / MB,
        unit: 'MB',
        atMost: 90,
        how: `${how}; one admin has logged in`,
      }),
      figure({
        what: 'idle memory of the daemon',
        ours: daemonBytes / MB,
        bare: bareBytes / MB,
        unit: 'MB',
        atMost: 80,
        how: `${how}; connected, no agent`,
      }),
    ]
  },
}

async function settled(pid: number, ms: number): Promise<number> {
  await Bun.sleep(ms)
  return residentBytes(pid)
}

export const size: Bench = {
  name: 'size',
  async run(place) {
    const bare = await measured(await compileBare(place))
    const figures: Figure[] = []
    for (const name of ['nekode', 'nekode-daemon'] as const) {
      const [program] = commandOf(name)
      if (!process.env.NEKODE_TEST_BUILT || program === undefined) throw new Error('there are no built executables')
      const own = await measured(program)
      const how = 'the executable of this machine'
      figures.push(
        figure({
          what: `size of ${name}`,
          ours: own.raw / MB,
          bare: bare.raw / MB,
          unit: 'MB',
          atMost: 130,
          how,
        }),
        figure({
          what: `size of ${name} as zstd`,
          ours: own.zstd / MB,
          bare: bare.zstd / MB,
          unit: 'MB',
          atMost: 50,
          how: `${how}, level ${ZSTD_LEVEL}`,
        }),
      )
    }
    return figures
  },
}

async function measured(path: string): Promise<{ raw: number; zstd: number }> {
  const packed = await Bun.zstdCompress(await Bun.file(path).bytes(), { level: ZSTD_LEVEL })
  return { raw: statSync(path).size, zstd: packed.length }
}
