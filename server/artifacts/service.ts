import { errorText, NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SUMS, folderName, formatSums, isArchiveName, parseSums } from '@shared/release/names'
import { isMusl, packExecutable } from './pack'

export interface ArtifactsOptions {
  /** Operators put archives into `artifacts` below it; what the server packs itself is kept there too. */
  dataDir: string
  /** Where the server's own executable is: a `release` folder and the daemon may be beside it. */
  programDir: string
  /** Of this build: what an archive made of the daemon beside it is called. */
  version: string
  log: Logger
}

interface Entry {
  path: string
  sha256: string
}

/** The daemons that this server can hand out: what somebody put there, and the daemon that was installed along with the server. */
export class Artifacts {
  readonly #sums = new Map<string, { key: string; sha256: string }>()
  #packing: Promise<string | undefined> | undefined

  constructor(private readonly options: ArtifactsOptions) {}

  /** The text of SHA256SUMS.txt. Empty when there is nothing to hand out. */
  async sums(): Promise<string> {
    const entries = await this.list()
    return formatSums([...entries].map(([name, { sha256 }]): [string, string] => [name, sha256]))
  }

  /** A file of the listing, or SHA256SUMS.txt. Throws `artifact_unknown` for every other name. */
  async open(name: string): Promise<Blob | string> {
    if (name === SUMS) return this.sums()
    const entry = isArchiveName(name) ? (await this.list()).get(name) : undefined
    if (!entry)
      throw new NekodeError('not_found', 'This server does not have that file.', {
        code: 'artifact_unknown',
        next: `GET /api/daemon/artifacts/${SUMS} lists what it has.`,
      })
    return Bun.file(entry.path)
  }

  /** Every archive, by name; of several with one name, the operator's wins. */
  async list(): Promise<Map<string, Entry>> {
    const { dataDir, programDir } = this.options
    const packed = await this.#packed()
    const folders = [join(dataDir, 'artifacts'), join(programDir, 'release'), ...(packed ? [packed] : [])]
    const found = new Map<string, Entry>()
    for (const folder of folders) {
      for (const [name, entry] of await this.#read(folder)) if (!found.has(name)) found.set(name, entry)
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  async #read(folder: string): Promise<[string, Entry][]> {
    const names = existsSync(folder) ? (await readdir(folder)).filter(isArchiveName) : []
    // A checksum that came with a release says more than one of whatever lies here now.
    const sums = Bun.file(join(folder, SUMS))
    const given = (await sums.exists()) ? parseSums(await sums.text()) : new Map<string, string>()
    const entries: [string, Entry][] = []
    for (const name of names) {
      const path = join(folder, name)
      // Gone since the folder was read, or a link to nowhere: not there.
      const info = await stat(path).catch(() => undefined)
      if (!info?.isFile()) continue
      const sha256 = given.get(name) ?? (await this.#sum(path, `${info.size}:${info.mtimeMs}`))
      entries.push([name, { path, sha256 }])
    }
    return entries
  }

  async #sum(path: string, key: string): Promise<string> {
    const known = this.#sums.get(path)
    if (known?.key === key) return known.sha256
    const hasher = new Bun.CryptoHasher('sha256')
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) hasher.update(chunk)
    const sha256 = hasher.digest('hex')
    this.#sums.set(path, { key, sha256 })
    return sha256
  }

  /** The folder with an archive of the daemon beside the server; made when it is first asked for, and again when that daemon changed. */
  async #packed(): Promise<string | undefined> {
    this.#packing ??= this.#pack().finally(() => {
      this.#packing = undefined
    })
    return this.#packing
  }

  async #pack(): Promise<string | undefined> {
    const { dataDir, programDir, version, log } = this.options
    const name = process.platform === 'win32' ? 'nekode-daemon.exe' : 'nekode-daemon'
    const executable = join(programDir, name)
    if (!existsSync(executable)) return undefined
    const folder = folderName(version, { os: process.platform, arch: process.arch, musl: isMusl(executable) })
    if (!folder) return undefined
    const { size, mtimeMs } = await stat(executable)
    const made = join(dataDir, 'artifacts', 'packed', `${size}-${Math.floor(mtimeMs)}`)
    const target = join(made, `${folder}.tar.gz`)
    if (existsSync(target)) return made
    try {
      // What was packed of an earlier daemon is of no use any more.
      await rm(dirname(made), { recursive: true, force: true })
      await mkdir(made, { recursive: true, mode: 0o700 })
      await packExecutable(executable, `${folder}/${name}`, `${target}.part`)
      await rename(`${target}.part`, target)
      return made
    } catch (error) {
      // Computers of other kinds can still be served, and the installer falls back to the release.
      log.error('the daemon beside the server cannot be packed', { executable, error: errorText(error) })
      return undefined
    }
  }
}

/** The folder of the running executable; in a source tree, where builds go. */
export const programDir = (): string =>
  Bun.isStandaloneExecutable ? dirname(process.execPath) : join(import.meta.dir, '..', '..', 'dist')
