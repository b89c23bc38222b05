import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { z } from 'zod'
import { createLogger } from '@shared/log'
import { createCore } from '../../server/core'
import { openDatabase } from '../../server/db/open'
import { MessageSource } from '../../server/messages/searching'
import { MessageWriter } from '../../server/messages/writer'
import { SearchService } from '../../server/search/service'
import { loadServerId } from '../../server/settings/identity'
import { launch, logIn, startConsole, visit } from '../e2e/browser'
import { ADMIN } from '../e2e/harness'
import { type Bench, figure } from './figure'
import { quantile } from './stats'

const MESSAGES = 10_000
const KEYS = 200
const BETWEEN_MS = 50
/** Of a frame at 60 Hz. */
const FRAME_MS = 1000 / 60

const TEXT = 'Somebody says what they think of the plan, with **words** that stand out and `code` in between.'

/** Puts the messages into the stopped server's database with its own writer, without their events, which nobody follows. */
async function fill(path: string): Promise<void> {
  const db = await openDatabase(`sqlite:${path}`, { durability: 'normal' })
  const core = await createCore(db, createLogger({ level: 'error' }), await loadServerId(db))
  const search = new SearchService(core)
  search.addSource(new MessageSource(db))
  const writer = new MessageWriter(core, search)
  const channel = core.directory.channelAt('#general')
  const [user] = await db.q.select().from(db.t.users)
  if (!channel || !user) throw new Error('the server was not set up')
  const sender = { kind: 'human', id: user.id, name: user.username, displayName: user.displayName } as const
  for (let done = 0; done < MESSAGES; done += 1000)
    await db.tx(async (tx) => {
      const quiet = { q: tx.q, insert: tx.insert, emit: () => undefined }
      for (let i = 0; i < 1000; i++)
        await writer.write(quiet, { channel, threadId: null, sender, content: `${done + i}: ${TEXT}` })
    })
  await db.close()
}

/** Scrolls up until all messages are in the page, and back to the end. */
async function loadAll(page: Page): Promise<void> {
  const log = page.getByRole('log').first()
  const first = log.getByText(/^0: /)
  while (!(await first.isVisible()))
    await log.evaluate(async (element) => {
      element.scrollTo({ top: 900 })
      await new Promise(requestAnimationFrame)
      element.scrollTo({ top: 0 })
      await new Promise(requestAnimationFrame)
    })
  await page.getByRole('button', { name: 'Latest messages' }).click()
  await log.getByText(new RegExp(`^${MESSAGES - 1}: `)).waitFor()
}

const Trace = z.object({
  traceEvents: z.array(
    z.object({
      name: z.string(),
      ph: z.string(),
      /** Wall time and time on the processor, in microseconds. */
      dur: z.number().optional(),
      tdur: z.number().optional(),
      tid: z.number(),
      pid: z.number(),
      args: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
})

interface Typed {
  /** How long the main thread was busy at a stretch, in milliseconds; what else the machine does is not counted. */
  tasks: number[]
  /** Frames that should have shown something and did not. */
  dropped: number
}

async function typing(browser: Browser, page: Page): Promise<Typed> {
  const field = page.locator('textarea[data-composer]').first()
  await field.fill('')
  await field.focus()
  // The first letters compile what the others run.
  await page.keyboard.type('warm @a ', { delay: BETWEEN_MS })
  // What loading 10,000 messages in a minute has left behind is collected now and not between two letters: nobody reads that fast.
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline.frame', 'benchmark', 'cc'],
  })
  const text = 'typing goes on @ada, #general and what else comes to mind '.repeat(4).slice(0, KEYS)
  await page.keyboard.type(text, { delay: BETWEEN_MS })
  const { traceEvents } = Trace.parse(JSON.parse((await browser.stopTracing()).toString()))
  // The page's own thread is the one that was told of the keys.
  const keys = traceEvents.find(
    ({ name, args }) => name === 'EventDispatch' && JSON.stringify(args).includes('keydown'),
  )
  const tasks = traceEvents
    .filter(({ name, pid, tid }) => name.endsWith('RunTask') && pid === keys?.pid && tid === keys.tid)
    .map(({ dur = 0, tdur = dur }) => tdur / 1000)
  const dropped = traceEvents.filter(({ name, args }) => {
    const report = JSON.stringify(args ?? {})
    return (
      name === 'PipelineReporter' && report.includes('STATE_DROPPED') && report.includes('"affects_smoothness":true')
    )
  }).length
  if (!keys || tasks.length === 0) throw new Error('the trace holds no keys')
  return { tasks, dropped }
}

/** Typing in the composer while 10,000 messages are loaded. */
export const typingBench: Bench = {
  name: 'typing',
  async run(place) {
    const server = await startConsole(place)
    await server.stop()
    await fill(join(server.dataDir, 'nekode.db'))
    await server.start()
    const browser = await launch()
    try {
      const { page } = await visit(browser, server.url)
      await logIn(page, ADMIN.username, ADMIN.password)
      await loadAll(page)
      const { tasks, dropped } = await typing(browser, page)
      const how = `Chromium, ${KEYS} keys, ${MESSAGES.toLocaleString('en')} messages loaded`
      return [
        figure({ what: 'Typing: frames dropped', ours: dropped, unit: 'frames', atMost: 0, how }),
        figure({ what: 'Typing: longest task', ours: Math.max(...tasks), unit: 'ms', atMost: FRAME_MS, how }),
        figure({
          what: 'Typing: 99th percentile of tasks',
          ours: quantile(tasks, 0.99),
          unit: 'ms',
          atMost: FRAME_MS,
          how,
        }),
      ]
    } finally {
      await browser.close()
    }
  },
}
