import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Rules, type RulesOptions } from './rules'

let top: string
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'nekode-rules-'))
})
afterEach(() => rmSync(top, { recursive: true }))

function put(path: string, text = ''): void {
  mkdirSync(dirname(join(top, path)), { recursive: true })
  writeFileSync(join(top, path), text)
}

const rules = (options: Partial<RulesOptions> = {}) =>
  new Rules({ root: top, patterns: [], ignore: [], gitignore: true, hidden: [], ...options })
const counts = (path: string, options: Partial<RulesOptions> = {}) => rules(options).refusal(path) === undefined

describe('patterns', () => {
  test.each<[string[], string, boolean]>([
    [[], 'a/b/c.txt', true],
    [['*.ts'], 'a/b/c.ts', true],
    [['*.ts'], 'a/b.ts/c.js', false],
    [['src/*.ts'], 'src/a.ts', true],
    [['src/*.ts'], 'src/deep/a.ts', false],
    [['src/**'], 'src/deep/a.ts', true],
    [['src/'], 'src/deep/a.ts', true],
    [['./src/**'], 'src/deep/a.ts', true],
    [['**/*.{ts,tsx}'], 'x/y.tsx', true],
    [['[ab].txt'], 'b.txt', true],
    [['[ab].txt'], 'c.txt', false],
    [['*.ts', '!*.test.ts'], 'a.ts', true],
    [['*.ts', '!*.test.ts'], 'a.test.ts', false],
    [['!*.log'], 'a.txt', true],
    [['!*.log'], 'a.log', false],
    [['*'], '.env', true],
    [['*.ts'], '日本.ts', true],
  ])('%p and %s: %p', (patterns, path, wanted) => {
    expect(counts(path, { patterns })).toBe(wanted)
    expect(rules({ patterns }).takes(path)).toBe(wanted)
  })
})

describe('what is left out', () => {
  test.each<[string, boolean]>([
    ['.git/HEAD', false],
    ['sub/node_modules/x/index.js', false],
    ['sub/.a.txt.swp', false],
    ['a.txt~', false],
    ['.gitignore', true],
    ['git/HEAD', true],
  ])('without a word: %s counts: %p', (path, wanted) => expect(counts(path)).toBe(wanted))

  test.each<[string[], string, boolean]>([
    [['dist/'], 'dist/a.js', false],
    [['dist/'], 'sub/dist/a.js', false],
    [['/dist/'], 'sub/dist/a.js', true],
    [['*.log', '!keep.log'], 'keep.log', true],
    [['*.log', '!keep.log'], 'lose.log', false],
    [['!node_modules/'], 'node_modules/x/index.js', true],
    [['**/tmp/*.bin'], 'a/tmp/x.bin', false],
    [['# a remark', ''], '# a remark', true],
  ])('by the lines %p: %s counts: %p', (ignore, path, wanted) => expect(counts(path, { ignore })).toBe(wanted))

  test('by nested files, of which the innermost decides', () => {
    put('.gitignore', '*.log\n/build/\n')
    put('sub/.gitignore', '!keep.log\nlocal.txt\n')
    put('sub/deep/.gitignore', 'keep.log\n')
    expect(counts('a.log')).toBe(false)
    expect(counts('sub/a.log')).toBe(false)
    expect(counts('sub/keep.log')).toBe(true)
    expect(counts('sub/deep/keep.log')).toBe(false)
    expect(counts('sub/local.txt')).toBe(false)
    expect(counts('local.txt')).toBe(true)
    expect(counts('build/x')).toBe(false)
    expect(counts('sub/build/x')).toBe(true)
    expect(counts('a.log', { gitignore: false })).toBe(true)
    expect(rules().refusal('sub/local.txt')).toEqual({
      by: 'rule',
      rule: 'local.txt',
      file: join(top, 'sub/.gitignore'),
    })
  })

  test('by the files of the repository around the folder, and by none outside of it', () => {
    put('repo/.git/HEAD')
    put('repo/.gitignore', '/packages/a/out/\n*.tmp\n')
    put('repo/packages/a/x')
    put('.gitignore', '*')
    const root = join(top, 'repo/packages/a')
    expect(counts('x', { root })).toBe(true)
    expect(counts('out/x', { root })).toBe(false)
    expect(counts('x.tmp', { root })).toBe(false)
    expect(counts('x', { root: join(top, 'repo') })).toBe(true)
  })

  test("what the watch's own lines take back stays in, whatever a file says", () => {
    put('.gitignore', 'node_modules\nout/\n*.log\n')
    const ignore = ['!node_modules/', '!out/']
    expect(counts('node_modules/x/index.js', { ignore })).toBe(true)
    expect(counts('out/x', { ignore })).toBe(true)
    expect(counts('x.log', { ignore })).toBe(false)
  })

  test('a folder that is hidden, with all that is in it', () => {
    const hidden = [join(top, 'daemon')]
    expect(rules({ hidden }).leavesOut('daemon')).toBe(true)
    expect(counts('daemon/log/x', { hidden })).toBe(false)
    expect(counts('daemons/x', { hidden })).toBe(true)
  })
})

test('ten thousand paths are answered as the first ones were', () => {
  put('.gitignore', '*.log\n')
  const all = rules()
  all.read('')
  for (let i = 0; i < 10_000; i++) {
    expect(all.takes(`a/${i}.txt`)).toBe(true)
    expect(all.takes(`a/${i}.log`)).toBe(false)
  }
})
