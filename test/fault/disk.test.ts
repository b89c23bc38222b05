import { expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canMount, smallDisk } from '../disk'
import { commandOf, inPlace, startServer } from '../e2e/harness'

const refusal = (error: unknown): unknown =>
  error instanceof ApiError ? { status: error.status, code: error.code, next: error.next } : error

test.skipIf(!canMount())(
  'a server whose disk is full says so, goes on answering, and takes messages again when there is room',
  () =>
    inPlace(async (place) => {
      using disk = smallDisk('8m')!
      const ballast = join(disk.path, 'ballast')
      writeFileSync(ballast, Buffer.alloc(4_000_000))
      const server = await startServer(place, { env: { NEKODE_DB_PATH: join(disk.path, 'nekode.db') } })
      const admin = await server.admin()
      const accepted: string[] = []
      const refusals: unknown[] = []
      const post = (i: number): Promise<void> =>
        admin.call('POST /api/messages', { body: { target: '#general', content: `${i} ${'x'.repeat(20_000)}` } }).then(
          ({ message }) => void accepted.push(message.id),
          (error: unknown) => void refusals.push(refusal(error)),
        )
      for (let i = 0; refusals.length < 20 && i < 1000; i += 4)
        await Promise.all([post(i), post(i + 1), post(i + 2), post(i + 3)])
      expect(accepted.length).toBeGreaterThan(0)
      for (const each of refusals)
        expect(each).toMatchObject({ status: 503, code: 'storage_full', next: expect.stringContaining('space') })

      const stored = async (): Promise<string[]> => {
        const ids: string[] = []
        for (let cursor: string | undefined; ;) {
          const page = await admin.call('GET /api/messages', {
            query: { target: '#general', limit: 200, ...(cursor ? { cursor } : {}) },
          })
          ids.push(...page.items.map((m) => m.id))
          cursor = page.nextCursor
          if (cursor === undefined) return ids.toSorted()
        }
      }
      expect(await stored()).toEqual(accepted.toSorted())

      rmSync(ballast)
      const before = refusals.length
      for (let i = 0; i < 10; i++) await post(5000 + i)
      expect(refusals.length).toBe(before)
      await server.stop()
      await server.start()
      expect(await stored()).toEqual(accepted.toSorted())
      await server.stop()
    }),
  60_000,
)

test(
  'a data folder that cannot be made is refused with its own exit code and what to do',
  () =>
    inPlace(async (place) => {
      writeFileSync(join(place.dir, 'file'), '')
      const argv = [
        ...commandOf('nekode'),
        'serve',
        '--addr',
        '127.0.0.1:0',
        '--no-local-daemon',
        '--data-dir',
        join(place.dir, 'file', 'data'),
      ]
      const server = place.start(argv)
      expect(await server.exited).toBe(4)
      expect(server.output).toContain(join(place.dir, 'file', 'data'))
    }),
  30_000,
)

test(
  'a database file that is something else is refused with its own exit code and left as it is',
  () =>
    inPlace(async (place) => {
      const path = join(place.dir, 'nekode.db')
      const text = 'not a database, but somebody’s notes. '.repeat(300)
      writeFileSync(path, text)
      const server = place.start([
        ...commandOf('nekode'),
        'serve',
        '--addr',
        '127.0.0.1:0',
        '--no-local-daemon',
        '--data-dir',
        place.dir,
      ])
      expect(await server.exited).toBe(4)
      expect(server.output).toContain(path)
      expect(await Bun.file(path).text()).toBe(text)
    }),
  30_000,
)
