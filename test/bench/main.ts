/**
 * `bun run bench`: measures every figure that we promise, on the built executables, and beside each the same thing without our code.
 *
 *   --only NAME,…   only these: disk, startup, memory, size, accept, fanout, reconnect, turn, history, board, tunnel, crowd, console, typing,
 *                   accessibility, local, watch, cache, jobs, neko
 *   --json          print JSON instead of a table
 *   --write         also put the table into docs/performance.md
 *   --no-build      take the executables of dist/ as they are
 *
 * Nothing here decides whether a test passes; the numbers depend on the machine.
 */
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inPlace } from '../e2e/program'
import { run } from '../setup/command'
import { accessibilityBench } from './accessibility'
import { cache } from './cache'
import { feel } from './console'
import { crowd } from './crowd'
import { disk } from './disk'
import { type Bench, type Figure, show } from './figure'
import { memory, size, startup } from './footprint'
import { history } from './history'
import { jobs } from './jobs'
import { local } from './local'
import { accept, fanout, reconnect } from './messages'
import { neko } from './neko'
import { board } from './tasks'
import { tunnel } from './tunnels'
import { turn } from './turn'
import { typingBench } from './typing'
import { watch } from './watch'

const ROOT = join(import.meta.dir, '../..')
const DOC = join(ROOT, 'docs/performance.md')
const benches: Bench[] = [
  disk,
  startup,
  memory,
  size,
  accept,
  fanout,
  reconnect,
  turn,
  history,
  board,
  tunnel,
  crowd,
  feel,
  typingBench,
  accessibilityBench,
  local,
  watch,
  cache,
  jobs,
  neko,
]

const { values: flags } = parseArgs({
  args: process.argv.slice(2),
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
  },
  allowNegative: true,
})

function cells(f: Figure): string[] {
  const value = (n: number | undefined): string => (n === undefined ? '' : `${show(n)} ${f.unit}`)
  const ratio = f.bare === undefined || f.bare === 0 ? '' : `${(f.ours / f.bare).toFixed(2)} ×`
  const met = f.met === undefined ? '' : f.met ? 'met' : 'MISSED'
  return [f.what, value(f.ours), f.target, met, value(f.bare), ratio]
}

const HEAD = ['figure', 'Nekode', 'target', '', 'without our code', 'ratio']

function table(figures: Figure[]): string {
  const rows = [HEAD, ...figures.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? ''))))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const markdown = (figures: Figure[]): string =>
  [
    `| ${HEAD.join(' | ')} |`,
    `|${HEAD.map(() => '---').join('|')}|`,
    ...figures.map((f) => `| ${cells(f).join(' | ')} |`),
    '',
    'How each was taken:',
    '',
    ...figures.map((f) => `- **${f.what}**: ${f.how}.`),
  ].join('\n')

const machine = (): string => {
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, ${gib} GiB, ${process.platform} ${release()}, Bun ${Bun.version}`
}

async function measure(): Promise<Figure[]> {
  const only = flags.only?.split(',')
  const unknown = only?.filter((name) => !benches.some((bench) => bench.name === name)) ?? []
  if (unknown.length)
    throw new Error(`There is no bench ${unknown.join(', ')}; there are ${benches.map((b) => b.name).join(', ')}.`)
  const figures: Figure[] = []
  for (const bench of benches.filter(({ name }) => !only || only.includes(name))) {
    if (!flags.json) console.error(`measuring ${bench.name} …`)
    figures.push(...(await inPlace((place) => bench.run(place))))
  }
  return figures
}

async function writeDoc(figures: Figure[]): Promise<void> {
  const text = await Bun.file(DOC).text()
  const now = new Date().toISOString().slice(0, 10)
  const part = `<!-- bench -->\n\nTaken on ${now} on ${machine()}.\n\n${markdown(figures)}\n\n<!-- /bench -->`
  await Bun.write(
    DOC,
    text.replace(/<!-- bench -->[\s\S]*<!-- \/bench -->/, () => part),
  )
  await Bun.$`${process.execPath} --no-script fmt ${DOC}`.quiet()
}

process.chdir(ROOT)
if (flags.build) {
  const built = await run([process.execPath, 'build.ts'], { timeoutSeconds: 300 })
  if (built.code !== 0) throw new Error(`the build failed\n${built.output}`)
}
process.env.NEKODE_TEST_BUILT = join(ROOT, 'dist')
const figures = await measure()
if (flags.json) console.log(JSON.stringify({ machine: machine(), figures }, null, 2))
else console.log(`${machine()}\n\n${table(figures)}`)
if (flags.write) await writeDoc(figures)
process.exit(0)
