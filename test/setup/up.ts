/**
 * `bun run up`: from a fresh clone to a running server. Installs the dependencies when they are missing or old, builds when a source
 * changed, and runs `dist/nekode serve` with whatever arguments follow.
 *
 * Runs before anything is installed, so it imports nothing but Node's own modules.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

process.chdir(join(import.meta.dir, '../..'))

const SOURCES = ['server', 'daemon', 'shared', 'console']
const FILES = ['package.json', 'bun.lock', 'build.ts', 'bunfig.toml', 'tsconfig.json']
const INSTALLED = 'node_modules/.nekode-installed'
const BUILT = 'dist/.built'
const program = join('dist', process.platform === 'win32' ? 'nekode.exe' : 'nekode')

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** Changes with any source: their names, sizes and times. */
function fingerprint(): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  for (const folder of SOURCES) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !/\.test\.tsx?$/.test(entry.name)) add(join(entry.parentPath, entry.name))
    }
  }
  for (const path of FILES) add(path)
  return hash.digest('hex')
}

const dependencies = (): string =>
  createHash('sha256').update(read('package.json')).update(read('bun.lock')).digest('hex')

/** Runs Bun with these arguments, its output on standard error. Ends this program when it fails. */
async function bun(what: string, ...args: string[]): Promise<void> {
  console.error(`${what} …`)
  const child = Bun.spawn([process.execPath, ...args], { stdin: 'ignore', stdout: 2, stderr: 2 })
  const code = await child.exited
  if (code === 0) return
  console.error(`${what} failed with code ${code}; what went wrong stands above.`)
  process.exit(1)
}

if (read(INSTALLED) !== dependencies()) {
  await bun('Installing dependencies', 'install', '--frozen-lockfile')
  writeFileSync(INSTALLED, dependencies())
}
const sources = fingerprint()
if (!existsSync(program) || read(BUILT) !== sources) {
  await bun('Building', 'build.ts')
  mkdirSync('dist', { recursive: true })
  writeFileSync(BUILT, sources)
}

const server = Bun.spawn([program, 'serve', ...process.argv.slice(2)], {
  stdin: 'inherit',
  stdout: 'inherit',
  stderr: 'inherit',
})
// Ctrl-C reaches the server by itself: it is in the same terminal. Other signals are passed on.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => server.kill(signal))
process.exit(await server.exited)
