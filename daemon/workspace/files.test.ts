import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { listTree, readFile } from './files'
import { isHidden } from './hidden'

let outside: string
let root: string

beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'nekode-files-')))
  root = join(outside, 'workspace')
  mkdirSync(join(root, 'src/deep'), { recursive: true })
  writeFileSync(join(root, 'a.txt'), 'hello')
  writeFileSync(join(root, 'src/main.ts'), 'main')
  writeFileSync(join(root, 'src/deep/leaf'), 'leaf')
  writeFileSync(join(outside, 'secret'), 'secret')
})
afterEach(() => rmSync(outside, { recursive: true }))

const all = { path: '', depth: 8, limit: 1000 }
const paths = async (query: Partial<typeof all> & { cursor?: string } = {}): Promise<string[]> =>
  (await listTree(root, { ...all, ...query })).items.map(({ path, kind }) => (kind === 'folder' ? `${path}/` : path))

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof NekodeError) return `${error.kind} ${error.code}`
    throw error
  }
}
const read = (path: string, offset = 0, length = 1 << 20) => readFile(root, { path, offset, length })

describe('the tree', () => {
  test('has folders before files, each with what is in it, as deep as is asked for', async () => {
    expect(await paths()).toEqual(['src/', 'src/deep/', 'src/deep/leaf', 'src/main.ts', 'a.txt'])
    expect(await paths({ depth: 1 })).toEqual(['src/', 'a.txt'])
    expect(await paths({ path: 'src', depth: 1 })).toEqual(['src/deep/', 'src/main.ts'])
  })

  test('comes in pages that leave nothing out, also when something goes away between them', async () => {
    for (let i = 0; i < 25; i++) writeFileSync(join(root, `src/f${String(i).padStart(2, '0')}`), '')
    const whole = await paths()
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listTree(root, { ...all, limit: 4, cursor })
      seen.push(...page.items.map(({ path, kind }) => (kind === 'folder' ? `${path}/` : path)))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(seen).toEqual(whole)
    const { nextCursor = '' } = await listTree(root, { ...all, limit: 2 })
    rmSync(join(root, 'src/deep'), { recursive: true })
    expect((await paths({ cursor: nextCursor }))[0]).toBe('src/f00')
  })

  test('shows links and does not follow those that lead out', async () => {
    symlinkSync(outside, join(root, 'out'))
    symlinkSync('src', join(root, 'in'))
    expect(await paths()).toEqual(['src/', 'src/deep/', 'src/deep/leaf', 'src/main.ts', 'a.txt', 'in', 'out'])
    expect(await refusal(listTree(root, { ...all, path: 'out' }))).toBe('forbidden path_hidden')
    expect(await paths({ path: 'in', depth: 1 })).toEqual(['src/deep/', 'src/main.ts'])
  })

  test('leaves out memory and what holds credentials', async () => {
    for (const folder of ['.ssh', 'notes', '.git']) mkdirSync(join(root, folder))
    for (const name of [
      'MEMORY.md',
      'notes/a.md',
      '.env',
      '.env.local',
      'server.pem',
      '.ssh/id_rsa',
      '.git/config',
      '.git/HEAD',
    ])
      writeFileSync(join(root, name), 'secret')
    expect(await paths()).toEqual(['.git/', '.git/HEAD', 'src/', 'src/deep/', 'src/deep/leaf', 'src/main.ts', 'a.txt'])
    for (const name of ['MEMORY.md', 'memory.md', 'notes/a.md', '.env', '.ssh/id_rsa', '.git/config', 'src/../.env'])
      expect([name, await refusal(read(name))]).toEqual([name, expect.not.stringMatching('ok')])
    symlinkSync('.env', join(root, 'innocent'))
    expect(await refusal(read('innocent'))).toBe('forbidden path_hidden')
  })

  test.each(['..', '/etc', 'src/../..', 'a\\b', 'a\0b'])('%j is no path in it', async (path) => {
    expect(await refusal(listTree(root, { ...all, path }))).toBe('invalid invalid_request')
    expect(await refusal(read(path))).toBe('invalid invalid_request')
  })

  test.each(['x', '{}', '[1]'])('%s is no cursor', async (cursor) => {
    expect(await refusal(listTree(root, { ...all, cursor }))).toBe('invalid invalid_request')
  })
})

describe('a file', () => {
  test('comes whole, or in parts that are cut between characters', async () => {
    const text = 'aä€😀'.repeat(50)
    writeFileSync(join(root, 'text'), text)
    const size = Buffer.byteLength(text)
    expect(await read('text')).toMatchObject({ content: text, binary: false, sizeBytes: size, nextOffset: null })
    for (const length of [4, 5, 7, 64]) {
      let got = ''
      for (let offset: number | null = 0; offset !== null;) {
        const part: Awaited<ReturnType<typeof read>> = await read('text', offset, length)
        expect(part.binary).toBe(false)
        got += part.content
        offset = part.nextOffset
      }
      expect(got === text).toBe(true)
    }
  })

  test('from the middle of a character begins with the next one', async () => {
    writeFileSync(join(root, 'text'), '€b')
    expect((await read('text', 1)).content).toBe('b')
  })

  test('that is no text is said to be none', async () => {
    writeFileSync(join(root, 'zero'), new Uint8Array([65, 0, 66]))
    writeFileSync(join(root, 'latin'), new Uint8Array([65, 0xe4, 66]))
    expect(await read('zero')).toMatchObject({ content: '', binary: true, sizeBytes: 3, nextOffset: null })
    expect(await read('latin')).toMatchObject({ content: '', binary: true })
  })

  test('beyond its end is empty', async () => {
    expect(await read('a.txt', 100)).toMatchObject({ content: '', binary: false, nextOffset: null })
  })

  test('is one in the workspace, and a regular one', async () => {
    symlinkSync(join(outside, 'secret'), join(root, 'link'))
    symlinkSync('/dev/zero', join(root, 'device'))
    expect(await refusal(read('link'))).toBe('forbidden path_hidden')
    expect(await refusal(read('device'))).toBe('forbidden path_hidden')
    expect(await refusal(read('src'))).toBe('invalid invalid_request')
    expect(await refusal(read('gone'))).toBe('not_found not_found')
    expect(await refusal(read('a.txt/b'))).toBe('not_found not_found')
  })

  test('that is a pipe keeps nobody waiting', async () => {
    Bun.spawnSync(['mkfifo', join(root, 'pipe')])
    expect(await refusal(read('pipe'))).toBe('invalid invalid_request')
  })

  test('is not followed out by a folder that becomes a link meanwhile', async () => {
    mkdirSync(join(outside, 'other'))
    writeFileSync(join(outside, 'other/main.ts'), 'secret')
    const answers = new Set<string>()
    const swapping = new AbortController()
    const swap = (async () => {
      while (!swapping.signal.aborted) {
        rmSync(join(root, 'src'), { recursive: true })
        symlinkSync(join(outside, 'other'), join(root, 'src'))
        await Bun.sleep(0)
        rmSync(join(root, 'src'))
        mkdirSync(join(root, 'src'))
        writeFileSync(join(root, 'src/main.ts'), 'main')
        await Bun.sleep(0)
      }
    })()
    for (let i = 0; i < 400; i++)
      answers.add(
        await read('src/main.ts').then(
          ({ content }) => content,
          () => 'refused',
        ),
      )
    swapping.abort()
    await swap
    expect([...answers].filter((answer) => !['main', '', 'refused'].includes(answer))).toEqual([])
  })
})

test('names that are shown are those that usually hold nothing secret', () => {
  const open = [
    'README.md',
    'src/env.ts',
    'notes.md',
    'docs/notes/a.md',
    'key.ts',
    'tokens.ts',
    '.gitignore',
    'keys/readme',
  ]
  const closed = [
    '.env',
    'a/.env.production',
    'x.key',
    '.npmrc',
    'deploy/id_ed25519',
    '.aws/config',
    'secrets.yml',
    'Notes/x',
  ]
  expect([open.filter(isHidden), closed.filter((path) => !isHidden(path))]).toEqual([[], []])
})
