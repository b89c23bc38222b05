import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { VIDEO_CODECS } from '../../daemon/neko/media/depacketize/frame'
import { film } from '../../daemon/neko/media/testing'
import { divide } from '../../server/build/divide'
import { reflectFirst } from '../../server/build/reflect'
import { embedWasm } from '../../server/build/wasm'

// Below the folder that the build runs in, as the program's own parts are: the bundler names them by that.
const dist = join(import.meta.dir, '../../dist')
mkdirSync(dist, { recursive: true })
const folder = mkdtempSync(join(dist, 'media-'))
const main = join(folder, 'main.ts')
const media = relative(folder, join(import.meta.dir, '../../daemon/neko/media'))

/** Decodes the keyframes that it is given, sends a sound through Opus, and says what came out. */
const PROGRAM = `
const frames = JSON.parse(await Bun.stdin.text())
const { createDecoder } = await import('${media}/codecs/decoder')
const { OpusEncoder, OpusDecoder } = await import('${media}/opus')
const { newConnection } = await import('${media}/werift')
await newConnection([]).close()
const sizes = {}
for (const [codec, data] of Object.entries(frames)) {
  const decoder = await createDecoder(codec)
  const { width, height } = decoder.decode({ data: Uint8Array.fromBase64(data), key: true, timestamp: 0, at: 0 })
  sizes[codec] = [width, height]
}
const encoder = await OpusEncoder.create(1)
const decoder = await OpusDecoder.create(1)
console.log(JSON.stringify({ sizes, samples: decoder.decode(encoder.encode(new Int16Array(960))).length }))
`
const expected = { sizes: Object.fromEntries(VIDEO_CODECS.map((codec) => [codec, [320, 176]])), samples: 960 }
let frames: string

beforeAll(async () => {
  await Bun.write(main, PROGRAM)
  const films = await Promise.all(VIDEO_CODECS.map((codec) => film(codec, { each: 1, colours: ['red'] })))
  frames = JSON.stringify(Object.fromEntries(films.map(({ codec, frames }) => [codec, frames[0]?.toString('base64')])))
}, 30_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Where nothing of the build lies about. */
async function run(...command: string[]): Promise<unknown> {
  const child = Bun.spawn(command, { cwd: '/', stdin: new Blob([frames]), stdout: 'pipe', stderr: 'pipe', env: {} })
  const [text, problems] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect(problems).toBe('')
  return JSON.parse(text)
}

test('decoders and Opus work from source', async () => {
  expect(await run(process.execPath, main)).toEqual(expected)
}, 30_000)

test('they work in a program that is one file, as the server carries the daemon', async () => {
  await Bun.build({
    entrypoints: [main],
    outdir: join(folder, 'one'),
    target: 'bun',
    minify: true,
    plugins: [embedWasm, reflectFirst],
  })
  const file = join(folder, 'one/main.js')
  expect(await run(process.execPath, file)).toEqual(expected)
  // Nothing of the computer that it was built on.
  expect(await Bun.file(file).text()).not.toContain('node_modules/ogv')
}, 60_000)

test('they work in an executable that is put together of parts', async () => {
  const parts = await divide({
    entrypoint: main,
    folder: relative('.', join(folder, 'parts')),
    isRare: () => true,
  })
  const outfile = join(folder, 'program')
  await Bun.build({
    entrypoints: parts.entrypoints,
    root: parts.root,
    compile: { outfile, assets: parts.rare },
    format: 'esm',
    minify: true,
    bytecode: true,
    splitting: true,
    plugins: [parts.plugin],
  })
  rmSync(join(folder, 'parts'), { recursive: true })
  expect(await run(outfile)).toEqual(expected)
}, 60_000)
