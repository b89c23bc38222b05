import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { slashed } from './eyes'

/** Out of every watch unless its own rules bring it back: what programs write for themselves, often and by the thousand. */
export const DEFAULT_IGNORE: readonly string[] = [
  '.git/',
  '.hg/',
  '.svn/',
  'node_modules/',
  '.DS_Store',
  'Thumbs.db',
  // What editors write beside a file that is open.
  '*~',
  '.*.sw?',
  '.#*',
  '4913',
]
/** A longer file is no list of rules. */
const MAX_RULES_BYTES = 256 * 1024
/** Folders above the watched one that are searched for the root of its repository. */
const MAX_ABOVE = 32

export interface RulesOptions {
  /** The watched folder, absolute. */
  root: string
  /** Globs: without a slash they match names, with one the path below the folder; a leading `!` takes out. None: everything. */
  patterns: readonly string[]
  /** Lines in the syntax of `.gitignore`, stronger than those files. */
  ignore: readonly string[]
  /** Whether the `.gitignore` files of the folder and of the repository around it count. */
  gitignore: boolean
  /** Absolute folders that are never looked into. */
  hidden: readonly string[]
}

/** Why a path does not count; undefined when it does. */
export type Refusal = { by: 'pattern' } | { by: 'rule'; rule: string; file?: string }

/** Which paths of a folder count. Paths are relative to it, with forward slashes; the folder itself is ''. */
export class Rules {
  readonly #options: RulesOptions
  readonly #own: Lines
  readonly #bringsBack: boolean
  readonly #hidden: ReadonlySet<string>
  readonly #globs: readonly Glob[]
  /** By the folder they are in; those above the watched one first, from the outside in. */
  readonly #above: { base: string; lines: Lines }[] = []
  readonly #nested = new Map<string, Lines>()

  constructor(options: RulesOptions) {
    this.#options = options
    this.#own = new Lines([...DEFAULT_IGNORE, ...options.ignore].join('\n'))
    this.#bringsBack = options.ignore.some((line) => line.startsWith('!'))
    this.#hidden = new Set(options.hidden.map((path) => slashed(relative(options.root, path))))
    this.#globs = options.patterns.map(globOf)
    if (options.gitignore) this.#above = rulesAbove(options.root)
  }

  /** Reads the rules of a folder below the watched one. @returns whether they are others than before */
  read(folder: string): boolean {
    if (!this.#options.gitignore) return false
    const text = readRules(join(this.#options.root, folder, '.gitignore'))
    if (text === this.#nested.get(folder)?.text) return false
    if (text === undefined) this.#nested.delete(folder)
    else this.#nested.set(folder, new Lines(text))
    return true
  }

  /** The rules of a folder that is no more. */
  forget(folder: string): void {
    this.#nested.delete(folder)
  }

  /** Whether a path holds rules of a folder. */
  isRules(path: string): boolean {
    return this.#options.gitignore && (path === '.gitignore' || path.endsWith('/.gitignore'))
  }

  /** Whether a folder is left out with all that is in it. The folders above it count. */
  leavesOut(folder: string): boolean {
    return this.#hidden.has(folder) || this.#ignored(`${folder}/`) !== undefined
  }

  /** Whether a file counts. The folders above it do. */
  takes(file: string): boolean {
    return this.#wants(file) && this.#ignored(file) === undefined
  }

  /** Why a file does not count, its folders included. */
  refusal(file: string): Refusal | undefined {
    this.read('')
    const parts = file.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      if (this.#hidden.has(folder)) return { by: 'rule', rule: folder }
      const ignored = this.#ignored(`${folder}/`)
      if (ignored) return ignored
      this.read(folder)
    }
    return this.#ignored(file) ?? (this.#wants(file) ? undefined : { by: 'pattern' })
  }

  #wants(file: string): boolean {
    const name = file.slice(file.lastIndexOf('/') + 1)
    let wanted = !this.#globs.some(({ isOut }) => !isOut)
    for (const { glob, isName, isOut } of this.#globs) {
      if (wanted !== isOut || !glob.match(isName ? name : file)) continue
      if (isOut) return false
      wanted = true
    }
    return wanted
  }

  /** The strongest rule about a path decides: the watch's own, then the innermost file's. */
  #ignored(path: string): Refusal | undefined {
    const own = this.#own.test(path)
    if (own) return own.isIgnored ? { by: 'rule', rule: own.rule } : undefined
    if (this.#isBroughtBack(path)) return undefined
    for (const { base, lines, below } of this.#files(path)) {
      const found = lines.test(below)
      if (found) return found.isIgnored ? { by: 'rule', rule: found.rule, file: join(base, '.gitignore') } : undefined
    }
    return undefined
  }

  /** A folder that the watch's own rules take back is theirs alone: the files leave it out with all that is in it. */
  #isBroughtBack(path: string): boolean {
    if (!this.#bringsBack) return false
    for (let at = path.lastIndexOf('/', path.length - 2); at > 0; at = path.lastIndexOf('/', at - 1))
      if (this.#own.test(path.slice(0, at + 1))?.isIgnored === false) return true
    return false
  }

  /** The files that have a say about a path, from the inside out. */
  *#files(path: string): Generator<{ base: string; lines: Lines; below: string }> {
    const { root } = this.#options
    for (let at = path.lastIndexOf('/', path.length - 2); this.#nested.size > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = at < 0 ? '' : path.slice(0, at)
      const lines = this.#nested.get(folder)
      if (lines) yield { base: join(root, folder), lines, below: path.slice(at + 1) }
      if (at <= 0) break
    }
    for (const { base, lines } of this.#above.toReversed())
      yield { base, lines, below: `${slashed(relative(base, root))}/${path}` }
  }
}

interface Glob {
  glob: InstanceType<typeof Bun.Glob>
  isName: boolean
  isOut: boolean
}

function globOf(pattern: string): Glob {
  const isOut = pattern.startsWith('!')
  const text = isOut ? pattern.slice(1) : pattern
  const isName = !text.includes('/')
  return { glob: new Bun.Glob(text.replace(/^\.?\//, '').replace(/\/$/, '/**')), isName, isOut }
}

/** Rules of the folders between the watched one and the root of the repository that it is in; none when it is in none. */
function rulesAbove(root: string): { base: string; lines: Lines }[] {
  const found: { base: string; lines: Lines }[] = []
  if (existsSync(join(root, '.git'))) return []
  let base = dirname(root)
  for (let depth = 0; depth < MAX_ABOVE; depth++) {
    const text = readRules(join(base, '.gitignore'))
    if (text !== undefined) found.unshift({ base, lines: new Lines(text) })
    if (existsSync(join(base, '.git'))) return found
    const next = dirname(base)
    if (next === base) break
    base = next
  }
  return []
}

function readRules(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > MAX_RULES_BYTES ? undefined : text
  } catch {
    // Most folders have none; one that cannot be read says nothing to this user.
    return undefined
  }
}

/** A matcher remembers every path that it was ever asked about; after so many it is made anew. */
const MAX_REMEMBERED = 4000

class Lines {
  #matcher: Ignore | undefined
  #asked = 0

  constructor(readonly text: string) {}

  test(path: string): { isIgnored: boolean; rule: string } | undefined {
    if (this.#asked++ >= MAX_REMEMBERED) this.#matcher = undefined
    if (!this.#matcher) {
      this.#asked = 0
      this.#matcher = ignore().add(this.text)
    }
    if (!ignore.isPathValid(path)) return undefined
    const { ignored, unignored, rule } = this.#matcher.test(path)
    if (ignored) return { isIgnored: true, rule: rule?.pattern ?? '' }
    return unignored ? { isIgnored: false, rule: '' } : undefined
  }
}
