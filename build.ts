/**
 * `bun run build`: the console, the daemon as one file, and the executables `nekode` and `nekode-daemon` in `dist/`.
 *
 *   --target=bun-linux-x64,…   build for these systems into `dist/<target>/`; `all` is every one that there is
 *   --release                  also pack archives and SHA256SUMS.txt into `dist/release/`; implies --target=all
 *   --sizes                    also print what each executable is as zstd
 *
 * NEKODE_VERSION, NEKODE_COMMIT and NEKODE_BUILD_TIME replace what package.json, git and the clock say.
 */
import { cpSync, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { ZipFile } from 'yazl'
import { buildConsole } from './console/build/bundle'
import pkg from './package.json'
import { folderName, formatSums } from './shared/release/names'
import { packExecutable } from './server/artifacts/pack'
import { type Divided, divide, isRareInDaemon, isRareInServer } from './server/build/divide'
import { reflectFirst } from './server/build/reflect'
import { embedWasm } from './server/build/wasm'

process.chdir(import.meta.dir)

const TARGETS = [
  'bun-linux-x64',
  'bun-linux-arm64',
  'bun-linux-x64-musl',
  'bun-linux-arm64-musl',
  'bun-darwin-x64',
  'bun-darwin-arm64',
  'bun-windows-x64',
  'bun-windows-arm64',
] as const
type Target = (typeof TARGETS)[number]
const PROGRAMS = ['nekode', 'nekode-daemon'] as const
type Program = (typeof PROGRAMS)[number]
const LEVEL = 10
/** What the server carries beside its code. */
const ASSETS = ['dist/console', 'dist/migrations', 'dist/daemon.js.zst']

const { values: flags } = parseArgs({
  args: process.argv.slice(2),
  options: { target: { type: 'string' }, release: { type: 'boolean' }, sizes: { type: 'boolean' } },
})
const version = (process.env.NEKODE_VERSION ?? pkg.version).replace(/^v/, '')
const define = {
  NEKODE_VERSION: JSON.stringify(version),
  NEKODE_COMMIT: JSON.stringify(process.env.NEKODE_COMMIT ?? (await gitCommit())),
  NEKODE_BUILD_TIME: JSON.stringify(process.env.NEKODE_BUILD_TIME ?? new Date().toISOString()),
  'process.env.NODE_ENV': '"production"',
}

async function gitCommit(): Promise<string> {
  if (!Bun.which('git')) return ''
  const git = Bun.spawn(['git', 'rev-parse', 'HEAD'], { stderr: 'ignore' })
  const text = await new Response(git.stdout).text()
  return (await git.exited) === 0 ? text.trim() : ''
}

/** The daemon as one file, which the server carries to run it on its own computer. */
async function buildDaemonFile(): Promise<void> {
  await Bun.build({
    entrypoints: ['daemon/main.ts'],
    outdir: 'dist',
    naming: 'daemon.js',
    target: 'bun',
    minify: true,
    define,
    // The server runs it with its own executable as Bun. What the daemon starts must not take itself for Bun as well.
    banner: 'delete process.env.BUN_BE_BUN;',
    plugins: [embedWasm, reflectFirst],
  })
  await Bun.write('dist/daemon.js.zst', await Bun.zstdCompress(await Bun.file('dist/daemon.js').bytes(), { level: 19 }))
}

/** The migrations without what drizzle-kit keeps beside them for itself. */
function copyMigrations(): void {
  rmSync('dist/migrations', { recursive: true, force: true })
  const isNeeded = (path: string): boolean => !path.endsWith('meta')
  cpSync('server/db/migrations', 'dist/migrations', { recursive: true, filter: isNeeded })
}

async function compile(program: Program, target: Target | undefined): Promise<string> {
  const folder = target === undefined ? 'dist' : `dist/${target}`
  const name = target?.includes('windows') || (!target && process.platform === 'win32') ? `${program}.exe` : program
  mkdirSync(folder, { recursive: true })
  const outfile = `${folder}/${name}`
  const { entrypoints, root, rare, plugin } = parts[program]
  await Bun.build({
    entrypoints,
    // Assets lie at the root of the executable whatever folder they came from, and parts look for each other and for them beside themselves.
    root,
    compile: {
      // Beside its place and then moved: a program that runs cannot be written over.
      outfile: `${outfile}.new`,
      ...(target === undefined ? {} : { target }),
      assets: program === 'nekode' ? [...ASSETS, ...rare] : rare,
      autoloadBunfig: false,
      autoloadDotenv: false,
    },
    format: 'esm',
    minify: true,
    bytecode: true,
    // What is imported when it is needed stays out of memory until then.
    splitting: true,
    define,
    plugins: [plugin],
  })
  renameSync(existsSync(`${outfile}.new`) ? `${outfile}.new` : `${outfile}.new.exe`, outfile)
  const size = statSync(outfile).size
  const zstd = flags.sizes
    ? `, ${megabytes((await Bun.zstdCompress(await Bun.file(outfile).bytes(), { level: LEVEL })).length)} as zstd`
    : ''
  console.log(`${outfile.padEnd(40)} ${megabytes(size)}${zstd}`)
  return outfile
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Packs an executable as `<program>_<version>_<os>_<arch>`, in a folder of the same name. @returns the archive's path */
async function pack(executable: string, program: Program, target: Target): Promise<string> {
  const [, os, arch = '', libc] = target.split('-')
  const platform = {
    os: os === 'windows' ? 'win32' : os === 'darwin' ? 'darwin' : 'linux',
    arch,
    musl: libc === 'musl',
  } as const
  const folder = folderName(version, platform, program)
  if (folder === undefined) throw new Error(`there is no archive name for ${target}`)
  if (os !== 'windows') {
    const archive = `dist/release/${folder}.tar.gz`
    await packExecutable(executable, `${folder}/${program}`, archive)
    return archive
  }
  const archive = `dist/release/${folder}.zip`
  const zip = new ZipFile()
  zip.addFile(executable, `${folder}/${program}.exe`, { mode: 0o100755 })
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(archive))
  return archive
}

async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk)
  return hasher.digest('hex')
}

function targets(): (Target | undefined)[] {
  const wanted = flags.release ? (flags.target ?? 'all') : flags.target
  if (wanted === undefined) return [undefined]
  if (wanted === 'all') return [...TARGETS]
  return wanted.split(',').map((name) => {
    const target = TARGETS.find((known) => known === name)
    if (!target) throw new Error(`${name} is no target; there are ${TARGETS.join(', ')}`)
    return target
  })
}

const started = performance.now()
const manifest = await buildConsole({ outdir: 'dist/console' })
console.log(`dist/console: ${Object.keys(manifest).length} files`)
copyMigrations()
await buildDaemonFile()
const parts: Record<Program, Divided> = {
  nekode: await divide({ entrypoint: 'server/main.ts', folder: 'dist/parts/server', define, isRare: isRareInServer }),
  'nekode-daemon': await divide({
    entrypoint: 'daemon/main.ts',
    folder: 'dist/parts/daemon',
    define,
    isRare: isRareInDaemon,
  }),
}
const sums: [string, string][] = []
if (flags.release) {
  rmSync('dist/release', { recursive: true, force: true })
  mkdirSync('dist/release', { recursive: true })
}
for (const target of targets()) {
  for (const program of PROGRAMS) {
    const executable = await compile(program, target)
    if (!flags.release || target === undefined) continue
    const archive = await pack(executable, program, target)
    sums.push([archive.slice('dist/release/'.length), await sha256(archive)])
  }
}
if (sums.length) await Bun.write('dist/release/SHA256SUMS.txt', formatSums(sums))
console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`)
