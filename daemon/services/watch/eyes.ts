import { type FSWatcher, watch } from 'node:fs'
import { join, sep } from 'node:path'
import { errorText, NekodeError } from '@shared/errors'
import { z } from 'zod'

/**
 * The runtime tells one of two equal events that follow each other within a millisecond or two, so what is looked at right after an event may
 * become different unsaid. Who looked so soon looks again.
 */
export const SETTLE_MS = 5

/** What the operating system tells about folders. */
export interface Eyes {
  /**
   * Looks at one folder, without those below it.
   * @param id which folder it is, where the path is the same
   * @throws NekodeError when there are no watches left, or the system error
   */
  open(folder: string, id: string): void
  /** Does nothing for a folder that is not looked at. */
  close(folder: string): void
  closeAll(): void
  /** How many of the system's watches are taken. */
  readonly count: number
}

export interface EyesOptions {
  root: string
  /** Something about a path below the root; undefined: nobody knows what, or something was lost. */
  saw(path: string | undefined): void
  failed(error: unknown): void
}

/** Looks at nothing: somebody else asks at intervals. */
export const NO_EYES: Eyes = { open: () => undefined, close: () => undefined, closeAll: () => undefined, count: 0 }

/**
 * On Linux each folder has a watch of its own, so that folders which are left out take none; the others tell of everything below a
 * folder by themselves, and for as little as for one.
 */
export const eyesOn = (options: EyesOptions): Eyes =>
  process.platform === 'linux' ? new FolderEyes(options) : new TreeEyes(options)

export class FolderEyes implements Eyes {
  readonly #options: EyesOptions
  readonly #open = new Map<string, Listener>()

  constructor(options: EyesOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#open.size
  }

  open(folder: string, id: string): void {
    this.close(folder)
    const { root, saw, failed } = this.#options
    const prefix = folder === '' ? '' : `${folder}/`
    const listener: Listener = { saw: (name) => saw(name === null ? undefined : prefix + name), failed }
    enter(join(root, folder), id, listener)
    this.#open.set(folder, listener)
  }

  close(folder: string): void {
    const listener = this.#open.get(folder)
    if (!listener) return
    this.#open.delete(folder)
    leave(join(this.#options.root, folder), listener)
  }

  closeAll(): void {
    for (const folder of this.#open.keys()) this.close(folder)
  }
}

interface Listener {
  saw(name: string | null): void
  failed(error: unknown): void
}

interface Shared {
  /** Which folder it was when the watch was opened. */
  id: string
  watcher: FSWatcher
  listeners: Set<Listener>
}

/**
 * Watches of single folders, which all who look at a folder share: the runtime gives one path one watch, and as long as somebody holds the
 * one of a folder that was removed, whoever opens one for the folder that was made in its place gets the dead one.
 */
const folders = new Map<string, Shared>()

function enter(path: string, id: string, listener: Listener): void {
  const known = folders.get(path)
  if (known?.id === id) return void known.listeners.add(listener)
  known?.watcher.close()
  folders.delete(path)
  const listeners = (known?.listeners ?? new Set()).add(listener)
  const watcher = openWatch(path, false, (name) => {
    for (const one of listeners) one.saw(name)
  })
  watcher.on('error', (error) => {
    // A folder that goes away is told by the one that it is in.
    if (codeOf(error) !== 'ENOENT') for (const one of listeners) one.failed(limited(error))
  })
  folders.set(path, { id, watcher, listeners })
}

function leave(path: string, listener: Listener): void {
  const shared = folders.get(path)
  if (!shared?.listeners.delete(listener) || shared.listeners.size > 0) return
  shared.watcher.close()
  folders.delete(path)
}

export class TreeEyes implements Eyes {
  readonly #options: EyesOptions
  #watcher: FSWatcher | undefined

  constructor(options: EyesOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#watcher ? 1 : 0
  }

  open(folder: string): void {
    if (folder !== '') return
    this.closeAll()
    const { root, saw, failed } = this.#options
    this.#watcher = openWatch(root, true, (name) => saw(name === null ? undefined : slashed(name)))
    this.#watcher.on('error', (error) => failed(limited(error)))
  }

  close(folder: string): void {
    if (folder === '') this.closeAll()
  }

  closeAll(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }
}

/** @param saw gets null when something was lost @throws NekodeError when there are no watches left, or the system error */
export function openWatch(path: string, recursive: boolean, saw: (name: string | null) => void): FSWatcher {
  try {
    return watch(path, { recursive, persistent: false }, (_, name) => saw(name))
  } catch (error) {
    throw limited(error)
  }
}

/** A path with the separators of patterns. */
export const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))

const Coded = z.looseObject({ code: z.string() })
/** The system's code of an error, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined => Coded.safeParse(error).data?.code

/** Says which limit was reached and how it is raised. */
function limited(error: unknown): unknown {
  const code = codeOf(error)
  if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'ENFILE') return error
  const sysctl = code === 'ENOSPC' ? 'fs.inotify.max_user_watches' : 'fs.inotify.max_user_instances'
  return new NekodeError('full', `This system has no more watches for folders (${errorText(error)}).`, {
    code: 'WATCH-002',
    next:
      process.platform === 'linux'
        ? `Raise the limit: sudo sysctl ${sysctl}=524288 (and in /etc/sysctl.d to keep it), leave folders out with --ignore, or look at intervals with --poll.`
        : 'Leave folders out with --ignore, or look at intervals with --poll.',
    cause: error,
  })
}
