import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'bun:test'
import { plainPackages } from './plain'

const folder = mkdtempSync(join(tmpdir(), 'nekode-plain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PROGRAM = `
if (Bun.argv[2] === 'load') {
  const { RRuleTemporal } = await import('rrule-temporal')
  const english = await import('chrono-node/en')
  const chinese = await import('chrono-node/zh/hans')
  const { Busboy } = await import('@fastify/busboy')
  const busboy = await import('@fastify/busboy')
  const { fileTypeFromBuffer } = await import('file-type')
  const { pack } = await import('tar-stream')
  const oauth = await import('oauth4webapi')
  const png = Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1])
  const rule = new RRuleTemporal({ rruleString: 'FREQ=DAILY', dtstart: Temporal.ZonedDateTime.from('2026-11-21T09:00[UTC]') })
  console.log(JSON.stringify([
    rule.next(new Date('2026-11-21T10:00:00Z')).toInstant().toString(),
    english.parseDate('2 May 2027').getFullYear(),
    chinese.parseDate('2027年5月2日').getFullYear(),
    busboy.default === Busboy,
    (await fileTypeFromBuffer(png)).mime,
    typeof pack().entry,
    oauth.generateRandomState().length,
  ]))
}
`

test('an executable loads from the files in it the packages that few requests need', async () => {
  // Beside the packages: the program is compiled as if it stood here.
  const entry = join(import.meta.dir, 'program.js')
  const outfile = join(folder, 'program')
  const plain = await plainPackages(join(import.meta.dir, '../../dist/plain-test'))
  try {
    await Bun.build({
      entrypoints: [entry],
      files: { [entry]: PROGRAM },
      compile: { outfile },
      format: 'esm',
      minify: true,
      bytecode: true,
      splitting: true,
      plugins: [plain],
    })
  } finally {
    rmSync(join(import.meta.dir, '../../dist/plain-test'), { recursive: true, force: true })
  }
  const child = Bun.spawn([outfile, 'load'], { cwd: folder, stdout: 'pipe', stderr: 'pipe' })
  const [text, problems] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect(problems).toBe('')
  expect(JSON.parse(text)).toEqual(['2026-11-22T09:00:00Z', 2027, 2027, true, 'image/png', 'function', 43])
})
