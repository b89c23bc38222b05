import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { createLogger } from '@shared/log'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ResponseCache } from '../../daemon/services/cache/cache'
import { canMount, smallDisk } from '../disk'
import { commandOf, inPlace } from '../e2e/harness'
import { startModelEndpoint } from '../fixtures/model-endpoint'
import { times } from './counts'

const KILLS = times(20)

const Told = z.object({ url: z.string(), tokenFile: z.string() })

test(
  `after ${KILLS} kills in the middle of answers every answer that is given again is whole, and the file is sound`,
  () =>
    inPlace(async (place) => {
      const model = startModelEndpoint({
        decide: ({ items }) => [{ say: `${items.at(-1)?.text} `.repeat(300), chunks: 60, delayMs: 1 }],
      })
      const home = join(place.dir, 'home')
      const env = { NEKODE_HOME: home, HOME: home, NEKODE_MODEL_CACHE_UPSTREAMS: `mine=${model.url}` }
      const answers = new Map<string, string>()
      let hits = 0
      let cut = 0
      for (let round = 0; round < KILLS; round++) {
        const program = place.start([...commandOf('nekode-daemon'), 'cache', 'serve', '--port', '0', '--json'], {
          name: 'proxy',
          env,
        })
        await program.line(/"ANTHROPIC_BASE_URL"/)
        await program.line(/^\}$/m)
        const { url, tokenFile } = Told.parse(JSON.parse(/\{[\s\S]*\}/.exec(program.output)?.[0] ?? ''))
        const token = readFileSync(tokenFile, 'utf8')
        const ask = async (text: string) => {
          const response = await fetch(`${url}/mine/v1/messages`, {
            method: 'POST',
            headers: { 'x-nekode-key': token },
            body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: text }] }),
          })
          return [response.headers.get('x-nekode-cache'), await response.text()] as const
        }
        for (const [text, known] of answers) {
          const [how, body] = await ask(text)
          // It was given just before the kill, and asked for again.
          if (how === 'miss') answers.set(text, body)
          else expect(body).toBe(known)
          if (how === 'hit') hits++
        }
        const asking = Promise.allSettled(
          Array.from({ length: 6 }, async (_, i) => {
            const text = `question ${round}-${i}`
            const [, body] = await ask(text)
            answers.set(text, body)
          }),
        )
        await Bun.sleep(Math.random() * 400)
        await program.killHard()
        for (const { status } of await asking) if (status === 'rejected') cut++
        const database = new Database(join(home, 'daemon', 'cache.db'))
        expect(database.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
        database.close()
      }
      await model.stop()
      expect(hits).toBeGreaterThan(0)
      console.log(`${KILLS} kills: ${answers.size} answers, ${cut} cut off, ${hits} given again whole`)
    }),
  300_000,
)

test.skipIf(!canMount())(
  'a cache whose disk is full answers from memory, and keeps answers again when there is room',
  async () => {
    using disk = smallDisk('8m')!
    const ballast = join(disk.path, 'ballast')
    writeFileSync(ballast, Buffer.alloc(6_500_000))
    const lines: string[] = []
    const cache = new ResponseCache({
      path: join(disk.path, 'cache.db'),
      log: createLogger({ level: 'info', write: (line) => lines.push(line) }),
      ttlMs: 1e7,
      maxBytes: 1e8,
      frontBytes: 5e7,
    })
    const put = async (key: string): Promise<void> => {
      const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 }
      const facts = { name: null, tenant: 't', provider: 'p', model: 'm', api: 'chat', contentType: 'x', cost: null }
      cache.put({ ...facts, key, usage, body: crypto.getRandomValues(new Uint8Array(60_000)) })
      cache.miss()
      await cache.settled()
    }
    for (let i = 0; i < 60; i++) await put(`k${i}`)
    const onDisk = cache.stats().entries
    expect(onDisk).toBeLessThan(60)
    expect(lines.join('\n')).toContain('could not use its file')
    for (let i = 0; i < 60; i++) expect(cache.find(`k${i}`)).toBeDefined()
    rmSync(ballast)
    await put('later')
    expect(cache.list({}, 1000).map(({ key }) => key)).toContain('later')
    expect(cache.stats().entries).toBe(onDisk + 1)
    await cache.close()
  },
)
