import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { until } from '../../../test/fixtures/control'
import { Changes } from './changes'
import { type Eyes, type EyesOptions, FolderEyes, TreeEyes } from './eyes'
import { Rules, type RulesOptions } from './rules'
import { Tree, type TreeNews } from './tree'

setDefaultTimeout(30_000)

let top: string
let root: string
let changes: Changes
let news: TreeNews[]
let eyes: (options: EyesOptions) => Eyes
const trees: Tree[] = []
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-tree-')))
  root = join(top, 'root')
  mkdirSync(root)
  changes = new Changes(100_000)
  news = []
})
afterEach(() => {
  for (const tree of trees.splice(0)) tree.close()
  rmSync(top, { recursive: true, force: true })
})

const at = (path: string) => join(root, path)
function put(path: string, text = 'x'): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), text)
}

async function open(options: Partial<RulesOptions> & { pollMs?: number; prior?: Map<string, number> } = {}) {
  const { pollMs, prior, ...more } = options
  const tree = new Tree({
    root,
    rules: new Rules({ root, patterns: [], ignore: [], gitignore: true, hidden: [], ...more }),
    pollMs,
    eyes,
    changed: (path, change) => changes.add(path, change),
    said: (one) => news.push(one),
  })
  trees.push(tree)
  await tree.open(prior)
  return tree
}

const told = () => Object.fromEntries(changes.list().map(({ path, change }) => [path, change]))

/** Waits until everything before now was seen: the tree tells of a file that is written last. */
let marks = 0
async function all(): Promise<Record<string, string>> {
  const mark = `mark-${++marks}`
  writeFileSync(at(mark), '')
  await until(mark, () => told()[mark] === 'created')
  const seen = Object.fromEntries(Object.entries(told()).filter(([path]) => !path.startsWith('mark-')))
  changes = new Changes(100_000)
  return seen
}

describe.each<[string, (options: EyesOptions) => Eyes, number]>([
  ['with a watch for each folder, as on Linux', (options) => new FolderEyes(options), 2],
  ['with one watch for all, as elsewhere', (options) => new TreeEyes(options), 1],
])('%s', (_, makeEyes, watches) => {
  beforeEach(() => {
    eyes = makeEyes
  })

  describe('a file', () => {
    test('is told when it is created, changed and removed, and when it is replaced by another', async () => {
      put('old.txt')
      put('same.txt')
      await open()
      put('new.txt')
      put('old.txt', 'longer')
      expect(await all()).toEqual({ 'new.txt': 'created', 'old.txt': 'changed' })
      rmSync(at('new.txt'))
      writeFileSync(at('swap'), 'other')
      renameSync(at('swap'), at('old.txt'))
      expect(await all()).toEqual({ 'new.txt': 'removed', 'old.txt': 'changed' })
      renameSync(at('old.txt'), at('moved.txt'))
      expect(await all()).toEqual({ 'old.txt': 'removed', 'moved.txt': 'created' })
    })

    test('that only looks as before is not told: opened, read, its mode changed, its times set to what they were', async () => {
      put('a.txt')
      const time = new Date(1_700_000_000_000)
      utimesSync(at('a.txt'), time, time)
      await open()
      chmodSync(at('a.txt'), 0o600)
      utimesSync(at('a.txt'), time, time)
      appendFileSync(at('a.txt'), '')
      expect(await all()).toEqual({})
    })

    test('may have any name', async () => {
      await open()
      const names = ['with blank', 'line\nbreak', '日本語', '-rf', '"quote"', 'e\u0301', '*?[']
      for (const name of names) put(name)
      expect(Object.keys(await all()).toSorted()).toEqual(names.toSorted())
    })
  })

  test('a file that is written twice within a moment is known as it is in the end', async () => {
    const tree = await open()
    const script = 'i=0; while [ $i -lt 400 ]; do printf a > $((i%50)); printf bb >> $((i%50)); i=$((i+1)); done'
    for (let round = 0; round < 5; round++) {
      expect(await Bun.spawn(['sh', '-c', script], { cwd: root }).exited).toBe(0)
      const fresh = await open()
      await until('all are known as they are', () => Bun.deepEquals(new Map(tree.files()), new Map(fresh.files())))
      fresh.close()
    }
  })

  describe('a folder', () => {
    test('that is new counts with all that was made in it before anybody could look, however deep', async () => {
      await open()
      for (let i = 0; i < 30; i++) {
        put(`new-${i}/a/b/c/deep.txt`)
        put(`new-${i}/a/side.txt`)
      }
      const seen = await all()
      expect(Object.keys(seen)).toHaveLength(60)
      put('new-7/a/b/c/later.txt')
      expect(await all()).toEqual({ 'new-7/a/b/c/later.txt': 'created' })
    })

    test('that is moved is told at both places, and goes on to be seen at the new one', async () => {
      put('a/one/x.txt')
      put('a/one/two/y.txt')
      await open()
      renameSync(at('a/one'), at('b'))
      expect(await all()).toEqual({
        'a/one/x.txt': 'removed',
        'a/one/two/y.txt': 'removed',
        'b/x.txt': 'created',
        'b/two/y.txt': 'created',
      })
      put('b/two/y.txt', 'again')
      put('a/one/new.txt')
      expect(await all()).toEqual({ 'b/two/y.txt': 'changed', 'a/one/new.txt': 'created' })
    })

    test('that is removed and made again at once, many times over, is seen as it is then', async () => {
      put('d/sub/keep.txt')
      await open()
      for (let i = 0; i < 50; i++) {
        rmSync(at('d'), { recursive: true })
        put('d/sub/keep.txt', `round ${i}`)
        put(`d/sub/only-${i}.txt`)
      }
      expect(await all()).toEqual({ 'd/sub/keep.txt': 'changed', 'd/sub/only-49.txt': 'created' })
      put('d/sub/keep.txt', 'the end')
      expect(await all()).toEqual({ 'd/sub/keep.txt': 'changed' })
    })

    test('that becomes a file, and a file that becomes a folder', async () => {
      put('a/x.txt')
      put('b')
      await open()
      rmSync(at('a'), { recursive: true })
      rmSync(at('b'))
      put('a')
      put('b/x.txt')
      expect(await all()).toEqual({ 'a/x.txt': 'removed', a: 'created', b: 'removed', 'b/x.txt': 'created' })
    })

    test('seen by two watches is seen by both after it was removed and made again', async () => {
      put('d/x.txt')
      await open()
      const other = new Changes(1000)
      const second = new Tree({
        root: at('d'),
        rules: new Rules({ root: at('d'), patterns: [], ignore: [], gitignore: true, hidden: [] }),
        eyes,
        changed: (path, change) => other.add(path, change),
        said: () => undefined,
      })
      trees.push(second)
      await second.open()
      rmSync(at('d'), { recursive: true })
      put('d/y.txt')
      await until('both have it', () => told()['d/y.txt'] && other.list().some(({ path }) => path === 'y.txt'))
      put('d/z.txt')
      await until('both see it', () => told()['d/z.txt'] && other.list().some(({ path }) => path === 'z.txt'))
    })
  })

  describe('what is left out', () => {
    test('takes no watch of the system, and nothing in it is told', async () => {
      for (let i = 0; i < 20; i++) put(`node_modules/p${i}/index.js`)
      put('src/a.ts')
      const tree = await open()
      expect(tree.counts).toMatchObject({ files: 1, folders: 2 })
      expect(tree.counts.watches).toBe(watches)
      put('node_modules/p1/new.js')
      put('.git/index')
      put('src/b.ts')
      expect(await all()).toEqual({ 'src/b.ts': 'created' })
    })

    test('follows the rules as they change; files that come in or go out by that are no changes', async () => {
      put('out/a.js')
      put('src/a.ts')
      put('.gitignore', 'nothing\n')
      const tree = await open()
      put('.gitignore', 'out/\n')
      expect(await all()).toEqual({ '.gitignore': 'changed' })
      put('out/b.js')
      put('src/b.ts')
      expect(await all()).toEqual({ 'src/b.ts': 'created' })
      rmSync(at('.gitignore'))
      expect(await all()).toEqual({ '.gitignore': 'removed' })
      await until('both are known', () => [...tree.files()].some(([path]) => path === 'out/b.js'))
      put('out/b.js', 'changed')
      expect(await all()).toEqual({ 'out/b.js': 'changed' })
    })
  })

  test('links are not followed: what they lead to is outside', async () => {
    mkdirSync(join(top, 'outside'))
    writeFileSync(join(top, 'outside/x.txt'), 'x')
    symlinkSync(join(top, 'outside'), at('link'))
    symlinkSync(root, at('loop'))
    const tree = await open()
    expect([...tree.files()].map(([path]) => path).toSorted()).toEqual(['link', 'loop'])
    writeFileSync(join(top, 'outside/x.txt'), 'changed')
    writeFileSync(join(top, 'outside/y.txt'), 'y')
    expect(await all()).toEqual({})
    rmSync(at('link'))
    symlinkSync(top, at('link'))
    expect(await all()).toEqual({ link: 'changed' })
  })

  describe('the folder itself', () => {
    test('may be removed and made again, with the folders above it', async () => {
      root = join(top, 'a/b/root')
      put('x.txt')
      const tree = await open()
      rmSync(join(top, 'a'), { recursive: true })
      await until('it is missed', () => news.at(-1)?.kind === 'missing')
      expect(told()).toEqual({ 'x.txt': 'removed' })
      expect(tree.counts).toMatchObject({ files: 0, folders: 0, watches: 0 })
      changes = new Changes(1000)
      put('y.txt')
      await until('it is back', () => news.at(-1)?.kind === 'back' && told()['y.txt'])
      expect(told()).toEqual({ 'y.txt': 'created' })
      changes = new Changes(1000)
      put('sub/z.txt')
      expect(await all()).toEqual({ 'sub/z.txt': 'created' })
    })

    test('may be moved away and back', async () => {
      put('x.txt')
      await open()
      renameSync(root, join(top, 'elsewhere'))
      await until('it is missed', () => news.at(-1)?.kind === 'missing')
      writeFileSync(join(top, 'elsewhere/y.txt'), 'y')
      renameSync(join(top, 'elsewhere'), root)
      await until('it is back', () => news.at(-1)?.kind === 'back' && told()['y.txt'])
      expect(told()).toEqual({ 'x.txt': 'changed', 'y.txt': 'created' })
    })

    test('may be replaced by another in one step', async () => {
      put('x.txt')
      await open()
      mkdirSync(join(top, 'next'))
      writeFileSync(join(top, 'next/y.txt'), 'y')
      renameSync(root, join(top, 'before'))
      renameSync(join(top, 'next'), root)
      await until('the new one is seen', () => told()['y.txt'])
      changes = new Changes(1000)
      put('z.txt')
      expect(await all()).toEqual({ 'z.txt': 'created' })
      writeFileSync(join(top, 'before/x.txt'), 'old')
      expect(await all()).toEqual({})
    })

    test('need not be there at the start', async () => {
      rmSync(root, { recursive: true })
      await open()
      expect(news).toEqual([{ kind: 'missing' }])
      put('x.txt')
      await until('it is seen', () => told()['x.txt'] === 'created')
    })
  })

  test('what is different from an earlier picture is told, and nothing else', async () => {
    put('same.txt')
    put('changed.txt')
    put('gone.txt')
    put('sub/gone/too.txt')
    const first = await open()
    const prior = new Map(first.files())
    first.close()
    put('changed.txt', 'longer')
    put('sub/new.txt')
    rmSync(at('gone.txt'))
    rmSync(at('sub/gone'), { recursive: true })
    await open({ prior })
    expect(told()).toEqual({
      'changed.txt': 'changed',
      'gone.txt': 'removed',
      'sub/gone/too.txt': 'removed',
      'sub/new.txt': 'created',
    })
  })

  test('looking at intervals sees the same, and that the folder goes and comes', async () => {
    put('a/x.txt')
    const tree = await open({ pollMs: 20 })
    expect(tree.counts.watches).toBe(0)
    put('a/x.txt', 'longer')
    put('b/y.txt')
    await until('both', () => told()['a/x.txt'] === 'changed' && told()['b/y.txt'] === 'created')
    rmSync(root, { recursive: true })
    await until('it is missed', () => news.at(-1)?.kind === 'missing')
    put('c.txt')
    await until('it is back', () => news.at(-1)?.kind === 'back' && told()['c.txt'] === 'created')
  })

  test('a tree that changes everywhere at once is known in the end as it is', async () => {
    const tree = await open()
    const steps = 2000
    let seed = 42
    const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
    const folder = () => ['', 'a/', 'a/b/', 'c/', 'c/d/e/'][random(5)] ?? ''
    for (let i = 0; i < steps; i++) {
      const path = `${folder()}${random(40)}.txt`
      const kind = random(20)
      if (kind < 12) put(path, `${i}`)
      else if (kind < 16) rmSync(at(path), { force: true })
      else if (kind === 16) rmSync(at(['a', 'a/b', 'c', 'c/d'][random(4)] ?? 'a'), { recursive: true, force: true })
      else if (kind === 17 && existsSync(at('a')) && !existsSync(at('z'))) renameSync(at('a'), at('z'))
      else if (kind === 18 && existsSync(at('z')) && !existsSync(at('a'))) renameSync(at('z'), at('a'))
      else if (existsSync(at(path))) {
        mkdirSync(at('m'), { recursive: true })
        renameSync(at(path), at(`m/${random(40)}.txt`))
      }
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const real = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .toSorted()
    await all()
    const known = [...tree.files()].map(([path]) => path).filter((path) => !path.startsWith('mark-'))
    expect(known.toSorted()).toEqual(real)
    const fresh = await open()
    expect(new Map([...tree.files()].toSorted())).toEqual(new Map([...fresh.files()].toSorted()))
  }, 60_000)
})
