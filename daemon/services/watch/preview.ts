import { isAbsolute, relative } from 'node:path'
import type { Answer } from '../../local/operation'
import type { WATCH, WatchSpec } from './contract'
import { slashed } from './eyes'
import { isInside, networkWarning } from './place'
import { type Refusal, Rules } from './rules'
import { Tree } from './tree'

/** Files that are named of those that count. */
const MOST = 50

export interface PreviewOptions {
  spec: WatchSpec
  hidden: readonly string[]
  paths: readonly string[] | undefined
}

/** What a watch counts, without watching anything. @throws NekodeError `WATCH-002` */
export async function preview({ spec, hidden, paths = [] }: PreviewOptions): Promise<Answer<typeof WATCH.WatchTest>> {
  const { dir: root, patterns, ignore, gitignore, poll_ms: pollMs } = spec
  const options = { root, patterns, ignore, gitignore, hidden }
  // Asking at intervals needs no watches, and the first look is all that is wanted.
  const tree = new Tree({
    root,
    rules: new Rules(options),
    pollMs: 60_000,
    changed: () => undefined,
    said: () => undefined,
  })
  try {
    await tree.open()
    const { files, folders, unreadable } = tree.counts
    const some: string[] = []
    for (const [path] of tree.files()) if (some.push(path) >= MOST) break
    const weakness = pollMs === undefined ? networkWarning(root) : undefined
    const closed = unreadable.slice(0, 10).map((folder) => `This user may not look into ${folder}.`)
    return {
      type: 'WatchTest',
      dir: root,
      files,
      folders,
      some,
      verdicts: paths.map((path) => verdict(root, path, new Rules(options))),
      warnings: [...(weakness ? [weakness] : []), ...closed],
    }
  } finally {
    tree.close()
  }
}

function verdict(root: string, given: string, rules: Rules): { path: string; triggers: boolean; why: string } {
  const path = slashed(isAbsolute(given) ? relative(root, given) : given).replace(/^(?:\.\/)+/, '')
  if (isAbsolute(given) ? !isInside(given, root) : path.split('/').includes('..'))
    return { path: given, triggers: false, why: 'it is not below the folder' }
  const refusal = rules.refusal(path)
  return { path, triggers: refusal === undefined, why: refusal ? said(refusal) : 'it counts' }
}

const said = (refusal: Refusal): string =>
  refusal.by === 'pattern'
    ? 'no pattern takes it'
    : `the rule ${refusal.rule}${refusal.file ? ` of ${refusal.file}` : ''} leaves it out`
