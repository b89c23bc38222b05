import { type Dirent, existsSync, type FSWatcher, lstatSync, readdirSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { ChangeKind } from './changes'
import { codeOf, type Eyes, type EyesOptions, eyesOn, NO_EYES, openWatch, SETTLE_MS } from './eyes'
import type { Rules } from './rules'

/** How long events are gathered before the files are looked at: many come in twos and threes. */
const GATHER_MS = 15
/** More paths than this are not looked at one by one. */
const MAX_DIRTY = 20_000
/** How long the event loop may be held up at a time. */
const SLICE_MS = 8
/** Files and folders that one watch may have. */
const MAX_FILES = 500_000

export interface TreeOptions {
  /** The watched folder: absolute, and not a link. */
  root: string
  rules: Rules
  /** Looks at everything at this interval instead of being told. */
  pollMs?: number | undefined
  /** Default: what this system is best at. */
  eyes?: (options: EyesOptions) => Eyes
  /** @param print how the file looks now; undefined when it is gone */
  changed(path: string, change: ChangeKind, print: number | undefined): void
  said(news: TreeNews): void
}

/**
 * `missing`: the folder is gone, `back`: and there again. `lost`: changes came faster than they were read; everything was looked at again.
 * `unread`: it could not be read this time, and will be tried again.
 */
export type TreeNews =
  | { kind: 'missing' }
  | { kind: 'back' }
  | { kind: 'lost' }
  | { kind: 'unread'; error: unknown }
  | { kind: 'failed'; error: unknown }

interface Folder {
  /** Which folder it is, where the name is the same. */
  id: string
  /** Names with how each file looked. */
  files: Map<string, number>
  folders: Set<string>
}

/** `all`: tell everything; `known`: only of files that counted before and still do; `none`: that is how it was. */
type Telling = 'all' | 'known' | 'none'

/**
 * Keeps a picture of a folder and of all below it, and tells what becomes different. Links are files here, so nothing outside is ever
 * looked at. What the system tells only says where to look: a file counts as changed when it looks different than before.
 */
export class Tree {
  readonly #options: TreeOptions
  readonly #eyes: Eyes
  readonly #folders = new Map<string, Folder>()
  /** Paths to look at, with when it was last told that something is there (`performance.now()`). */
  readonly #dirty = new Map<string, number>()
  #isLost = false
  #files = 0
  readonly #unreadable = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #work: Promise<void> | undefined
  #sliceStart = 0
  #isClosed = false
  #isTroubled = false
  /** What was known from before, while the first look is under way. */
  #prior: Map<string, number> | undefined
  /** Where the folder will come back. */
  #above: { path: string; watcher: FSWatcher } | undefined
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(options: TreeOptions) {
    this.#options = options
    const { eyes = eyesOn } = options
    this.#eyes =
      options.pollMs === undefined
        ? eyes({ root: options.root, saw: (path) => this.#saw(path), failed: (error) => this.#fail(error) })
        : NO_EYES
  }

  get counts(): { files: number; folders: number; watches: number; unreadable: string[] } {
    return {
      files: this.#files,
      folders: this.#folders.size,
      watches: this.#eyes.count,
      unreadable: [...this.#unreadable],
    }
  }

  /** Every file with how it looks. */
  *files(): Generator<[path: string, print: number]> {
    for (const [folder, { files }] of this.#folders)
      for (const [name, print] of files) yield [folder === '' ? name : `${folder}/${name}`, print]
  }

  /**
   * Looks at everything once, and from then on tells what changes.
   * @param prior how the files looked before; what is different since is told
   * @throws NekodeError `WATCH-002` when the folder cannot be watched
   */
  async open(prior?: Map<string, number>): Promise<void> {
    if (!statOf(this.#options.root)?.isDirectory()) {
      for (const path of prior?.keys() ?? []) this.#options.changed(path, 'removed', undefined)
      this.#lose()
      return this.#schedule()
    }
    this.#prior = prior
    this.#work = this.#lookAll([''], prior ? 'all' : 'none')
    try {
      await this.#work
      // Closed in the middle, it has not seen what is left.
      if (this.#isClosed) return
      for (const path of this.#prior?.keys() ?? []) this.#options.changed(path, 'removed', undefined)
    } catch (error) {
      this.close()
      throw error
    } finally {
      this.#prior = undefined
      this.#work = undefined
    }
    this.#schedule()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#again)
    this.#above?.watcher.close()
    this.#above = undefined
    this.#eyes.closeAll()
  }

  #saw(path: string | undefined): void {
    if (this.#isClosed) return
    if (path === undefined || this.#dirty.size >= MAX_DIRTY) this.#isLost = true
    else this.#dirty.set(path, performance.now())
    if (!this.#work) this.#schedule()
  }

  /** Arms the one timer that there is: soon when there is something to look at, at the next interval when that is asked for. */
  #schedule(): void {
    const { pollMs } = this.#options
    const isPending = this.#isLost || this.#dirty.size > 0
    if (this.#isClosed || this.#timer || this.#work || (!isPending && pollMs === undefined)) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#work = this.#look()
          .then(() => {
            this.#isTroubled = false
          })
          .catch((error: unknown) => this.#trouble(error))
          .finally(() => {
            this.#work = undefined
            this.#schedule()
          })
      },
      isPending ? GATHER_MS : pollMs,
    )
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const root = statOf(this.#options.root)
    const known = this.#folders.get('')
    if (!root?.isDirectory()) return known ? this.#lose() : undefined
    const batch = [...this.#dirty]
    this.#dirty.clear()
    const wasLost = this.#isLost
    this.#isLost = false
    if (!known) this.#options.said({ kind: 'back' })
    else if (wasLost) this.#options.said({ kind: 'lost' })
    if (!known || wasLost || this.#options.pollMs !== undefined || known.id !== idOf(root))
      return this.#lookAll([''], 'all')
    this.#sliceStart = performance.now()
    // First what is gone: a folder that was moved must lose its watch at the old place before it gets one at the new.
    const there: string[] = []
    for (const [path, toldAt] of batch.filter(([path]) => path !== '')) {
      // Once more, and not again for that.
      if (performance.now() - toldAt < SETTLE_MS && !this.#dirty.has(path)) this.#dirty.set(path, 0)
      if (statOf(this.#path(path))) there.push(path)
      else this.#gone(path)
      await this.#breathe()
    }
    for (const path of there) await this.#lookAll(this.#examine(path), 'all')
    // Files that other rules bring in or leave out have not changed.
    const { rules } = this.#options
    for (const [path] of batch)
      if (rules.isRules(path) && rules.read(parentOf(path))) await this.#lookAll([parentOf(path)], 'known')
  }

  #path(path: string): string {
    return path === '' ? this.#options.root : join(this.#options.root, path)
  }

  /** A path is not there any more. */
  #gone(path: string): void {
    const folder = this.#folders.get(parentOf(path))
    const name = nameOf(path)
    if (this.#folders.has(path)) this.#drop(path, 'all')
    folder?.folders.delete(name)
    if (folder) this.#remove(folder, path, name, 'all')
  }

  /** A path is there and may be different. @returns folders that are to be looked at */
  #examine(path: string): string[] {
    const parent = parentOf(path)
    const folder = this.#folders.get(parent)
    // Told before the folder that it is in: then that is what is new.
    if (!folder) return parent === '' ? [] : this.#examine(parent)
    const name = nameOf(path)
    const stat = statOf(this.#path(path))
    if (!stat?.isDirectory()) {
      if (this.#folders.has(path)) this.#drop(path, 'all')
      folder.folders.delete(name)
      if (this.#options.rules.takes(path)) this.#compare(folder, path, stat, 'all')
      return []
    }
    this.#remove(folder, path, name, 'all')
    const known = this.#folders.get(path)
    if (known?.id === idOf(stat) || this.#options.rules.leavesOut(path)) return []
    folder.folders.add(name)
    return [path]
  }

  /** Looks at folders and at all below them. */
  async #lookAll(folders: string[], telling: Telling): Promise<void> {
    this.#sliceStart = performance.now()
    for (let path = folders.pop(); path !== undefined && !this.#isClosed; path = folders.pop()) {
      for (const below of await this.#visit(path, telling)) folders.push(below)
      if (this.#files + this.#folders.size > MAX_FILES) throw tooMany(this.#options.root)
      await this.#breathe()
    }
  }

  /** Brings what is known of one folder up to date. @returns the folders in it */
  async #visit(path: string, telling: Telling): Promise<string[]> {
    const { rules } = this.#options
    const stat = statOf(this.#path(path))
    if (!stat?.isDirectory()) {
      this.#drop(path, telling)
      return []
    }
    const folder = this.#enter(path, idOf(stat))
    if (!folder) return []
    const entries = this.#list(path)
    if (entries.some(({ name }) => name === '.gitignore')) rules.read(path)
    else rules.forget(path)
    const goneFiles = new Set(folder.files.keys())
    const goneFolders = new Set(folder.folders)
    const below: string[] = []
    for (const [i, entry] of entries.entries()) {
      if (i % 200 === 199) await this.#breathe()
      if (this.#isClosed) return []
      const at = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory()) {
        if (rules.leavesOut(at)) continue
        goneFolders.delete(entry.name)
        folder.folders.add(entry.name)
        below.push(at)
      } else if (rules.takes(at)) {
        goneFiles.delete(entry.name)
        this.#compare(folder, at, statOf(this.#path(at)), telling)
      }
    }
    for (const name of goneFiles) this.#remove(folder, path === '' ? name : `${path}/${name}`, name, telling)
    for (const name of goneFolders) {
      folder.folders.delete(name)
      this.#drop(path === '' ? name : `${path}/${name}`, telling)
    }
    return below
  }

  /** The watch comes before the look, so that nothing happens between the two unseen. */
  #enter(path: string, id: string): Folder | undefined {
    const known = this.#folders.get(path)
    if (known?.id === id) return known
    try {
      this.#eyes.open(path, id)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      if (code !== 'EACCES' && code !== 'EPERM') throw error
      if (path === '') throw unwatchable(this.#options.root, error)
      this.#unreadable.add(path)
    }
    const folder = known ?? { id, files: new Map<string, number>(), folders: new Set<string>() }
    folder.id = id
    this.#folders.set(path, folder)
    return folder
  }

  #list(path: string): Dirent[] {
    try {
      return readdirSync(this.#path(path), { withFileTypes: true })
    } catch (error) {
      const code = codeOf(error)
      const isClosed = code === 'EACCES' || code === 'EPERM'
      if (path === '' && isClosed) throw unwatchable(this.#options.root, error)
      if (isClosed) this.#unreadable.add(path)
      // Gone meanwhile: the folder that it is in tells it. Of anything else it must not be said that all files are gone.
      else if (!isGone(error)) throw error
      return []
    }
  }

  #compare(folder: Folder, path: string, stat: Stats | undefined, telling: Telling): void {
    const name = nameOf(path)
    if (!stat) return this.#remove(folder, path, name, telling)
    // Pipes, sockets and devices are no files that somebody edits.
    if (!stat.isFile() && !stat.isSymbolicLink()) return
    const print = printOf(stat)
    const known = folder.files.get(name)
    const before = known ?? this.#prior?.get(path)
    this.#prior?.delete(path)
    if (known === undefined) this.#files++
    if (known !== print) folder.files.set(name, print)
    if (before === print || telling === 'none' || (before === undefined && telling === 'known')) return
    this.#options.changed(path, before === undefined ? 'created' : 'changed', print)
  }

  #remove(folder: Folder, path: string, name: string, telling: Telling): void {
    if (!folder.files.delete(name)) return
    this.#files--
    if (telling === 'all') this.#options.changed(path, 'removed', undefined)
  }

  /** A folder is gone, with all that was in it. */
  #drop(path: string, telling: Telling): void {
    const folder = this.#folders.get(path)
    if (!folder) return
    this.#eyes.close(path)
    this.#folders.delete(path)
    this.#unreadable.delete(path)
    this.#options.rules.forget(path)
    for (const name of folder.files.keys()) this.#remove(folder, path === '' ? name : `${path}/${name}`, name, telling)
    for (const name of folder.folders) this.#drop(path === '' ? name : `${path}/${name}`, telling)
  }

  /** The watched folder is gone: waits where it will come back. */
  #lose(): void {
    this.#drop('', 'all')
    this.#eyes.closeAll()
    this.#dirty.clear()
    this.#isLost = false
    this.#options.said({ kind: 'missing' })
    this.#awaitRoot()
  }

  #awaitRoot(): void {
    if (this.#isClosed || this.#options.pollMs !== undefined) return
    if (existsSync(this.#options.root)) {
      this.#above?.watcher.close()
      this.#above = undefined
      this.#saw('')
      return
    }
    let nearest = dirname(this.#options.root)
    while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest)
    if (this.#above?.path === nearest) return
    this.#above?.watcher.close()
    this.#above = undefined
    try {
      const watcher = openWatch(nearest, false, () => {
        this.#awaitRoot()
        this.#again ??= setTimeout(() => {
          this.#again = undefined
          if (!this.#folders.has('')) this.#awaitRoot()
        }, SETTLE_MS)
      })
      watcher.on('error', () => undefined)
      this.#above = { path: nearest, watcher }
    } catch (error) {
      return this.#fail(error)
    }
    // What was made before the watch was there is not told.
    this.#awaitRoot()
  }

  /** Who asks at intervals asks again: the server of a network file system may be away for a while. */
  #trouble(error: unknown): void {
    if (this.#options.pollMs === undefined || error instanceof NekodeError) return this.#fail(error)
    if (!this.#isTroubled) this.#options.said({ kind: 'unread', error })
    this.#isTroubled = true
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.close()
    this.#options.said({ kind: 'failed', error })
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#sliceStart < SLICE_MS) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#sliceStart = performance.now()
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // A part of the path is no folder any more, or closed to this user: for this watch it is not there.
    const code = codeOf(error)
    if (isGone(error) || code === 'EACCES' || code === 'EPERM') return undefined
    // Such as a server of files that does not answer.
    throw error
  }
}

const isGone = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Numbers of folders are used again at once on some file systems: when it was made makes the difference. */
const idOf = ({ dev, ino, birthtimeMs }: Stats): string => `${dev}:${ino}:${birthtimeMs}`

/** 53 bits of what tells one state of a file from another. */
const printOf = ({ mtimeMs, size, ino }: Stats): number =>
  Number(Bun.hash.wyhash(`${mtimeMs}:${size}:${ino}`) & 0x1fffffffffffffn)

const tooMany = (root: string): NekodeError =>
  new NekodeError('too_large', `There are more than ${MAX_FILES} files below ${root}.`, {
    code: 'WATCH-002',
    next: 'Watch a folder further down, or leave folders out with --ignore.',
  })

const unwatchable = (root: string, cause: unknown): NekodeError =>
  new NekodeError('forbidden', `This user may not look into ${root}.`, { code: 'WATCH-002', cause })
