import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { pathsOf } from '../../daemon/config/paths'
import { LocalClient } from '../../daemon/local/client'
import { socketAddress } from '../../daemon/local/place'
import { DaemonAlone } from '../e2e/alone'
import { inPlace, makeScriptedAgent, startDaemon, startServer } from '../e2e/harness'
import { carrying } from '../setup/processes'
import { times } from './counts'

const KILLS = times(20)
const JOBS = times(1000)

/** Asks until there is an answer: the daemon may be killed in the middle. */
async function ask<T>(daemon: DaemonAlone, work: (client: LocalClient) => Promise<T>): Promise<T> {
  const until = Date.now() + 60_000
  for (;;) {
    try {
      return await daemon.ask(work)
    } catch (error) {
      if (Date.now() > until) throw error
      await Bun.sleep(20)
    }
  }
}

const allRuns = (daemon: DaemonAlone) =>
  ask(daemon, async (client) => {
    const found = []
    for (let before: string | undefined; ;) {
      const { runs, next } = await client.call('JobRuns', { limit: 1000, ...(before === undefined ? {} : { before }) })
      found.push(...runs)
      if (next === null) return found
      before = next
    }
  })

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []

test(
  `over ${KILLS} kills of the daemon none of ${JOBS} jobs is lost and none is repeated that was not to be, nor a moment of a schedule`,
  () =>
    inPlace(async (place) => {
      const daemon = new DaemonAlone(place, { config: { logLevel: 'info' } })
      await daemon.start()
      const appended = join(place.dir, 'appended')
      const made = join(place.dir, 'made')
      mkdirSync(made)
      const ticks = join(place.dir, 'ticks')
      await ask(daemon, (client) =>
        client.call('JobSubmit', {
          name: 'clock',
          request_id: 'clock',
          workflow: `echo "$NEKODE_JOB_DUE_AT" >>${ticks}`,
          schedule: 'every 2s',
          missed: 'all',
          max_missed: 100,
          overlap: 'queue',
        }),
      )
      // One half is not to be repeated. The other may be, because doing it again changes nothing, and so must be done.
      // Some are longer than it takes the daemon to come back.
      const submit = (n: number, seconds = n % 40 < 2 ? 2 : 0.02) =>
        ask(daemon, (client) =>
          client.call('JobSubmit', {
            name: `job-${n}`,
            request_id: `request-${n}`,
            ...(n % 2 === 0
              ? { workflow: `sleep ${seconds}; echo ${n} >>${appended}` }
              : { workflow: `sleep ${seconds}; : >${made}/${n}`, max_retries: KILLS, backoff_secs: 0 }),
          }),
        )
      const submitting = (async () => {
        for (let n = 0; n < JOBS; n++) await submit(n)
      })()
      let left = 0
      for (let kill = 0; kill < KILLS; kill++) {
        await Bun.sleep(100 + Math.random() * 600)
        await daemon.killHard()
        const before = carrying(place.dir).map(({ pid }) => pid)
        left += before.length
        await daemon.start()
        const now = new Set(carrying(place.dir).map(({ pid }) => pid))
        expect(before.filter((pid) => now.has(pid))).toEqual([])
      }
      await submitting
      await ask(daemon, (client) => client.call('JobPause', { id: 'clock' }))
      for (let open = -1; open !== 0;) {
        open = (await allRuns(daemon)).filter(({ state }) => state === 'pending' || state === 'running').length
        if (open > 0) await Bun.sleep(100)
      }
      const runs = await allRuns(daemon)
      expect(await daemon.stop()).toBe(0)
      expect(carrying(place.dir)).toEqual([])

      const jobs = runs.filter(({ name }) => name.startsWith('job-'))
      expect(new Set(jobs.map(({ name }) => name)).size).toBe(JOBS)
      expect(jobs).toHaveLength(JOBS)
      const once = jobs.filter(({ name }) => Number(name.slice(4)) % 2 === 0)
      const lines = linesOf(appended)
      expect(lines).toHaveLength(new Set(lines).size)
      const done = once.filter(({ state }) => state === 'completed').map(({ name }) => name.slice(4))
      expect(done.filter((n) => !lines.includes(n))).toEqual([])
      const interrupted = once.filter(({ failure }) => failure === 'interrupted')
      expect(done.length + interrupted.length).toBe(once.length)
      expect(once.every(({ attempt }) => attempt === 1)).toBe(true)
      const again = jobs.filter(({ name }) => Number(name.slice(4)) % 2 === 1)
      expect(again.filter(({ state }) => state !== 'completed')).toEqual([])
      expect(readdirSync(made)).toHaveLength(again.length)

      const clock = runs.filter(({ name }) => name === 'clock').toReversed()
      const moments = clock.map(({ due_at: at }) => z.number().parse(at))
      expect(moments).toEqual(moments.map((_, i) => (moments[0] ?? 0) + i * 2000))
      const ticked = linesOf(ticks)
      expect(ticked).toHaveLength(new Set(ticked).size)
      console.log(
        `${KILLS} kills: ${jobs.length} jobs, ${interrupted.length} were under way at a kill and are told as interrupted, ${again.filter(({ attempt }) => attempt > 1).length} of those that may be repeated were; ${clock.length} moments of a schedule, each once; ${left} processes had outlived the daemon, none is left`,
      )
    }),
  600_000,
)

test(
  'messages that were under way at a kill are said once',
  () =>
    inPlace(async (place) => {
      const server = await startServer(place)
      const admin = await server.admin()
      const daemon = await startDaemon(place, server)
      await makeScriptedAgent(server, { name: 'ann', computerId: daemon.computerId })
      const address = socketAddress(pathsOf(daemon.home))
      const count = times(60)
      const kills = times(10)
      const open = () => LocalClient.open({ address })
      let client = await open()
      for (let n = 0; n < count; n++)
        await client.call('JobSubmit', {
          message: { target: '#general', content: `morning ${n}`, as: 'ann' },
          name: `say-${n}`,
          backoff_secs: 0.2,
          max_retries: 100,
        })
      for (let kill = 0; kill < kills; kill++) {
        await Bun.sleep(Math.random() * 150)
        client.close()
        await daemon.killHard()
        await daemon.start()
        client = await open()
      }
      for (let done = 0; done < count;) {
        const { runs } = await client.call('JobRuns', { state: 'completed', limit: 1000 })
        done = runs.length
        if (done < count) await Bun.sleep(50)
      }
      client.close()
      const { items } = await admin.call('GET /api/messages', { query: { target: '#general', limit: 200 } })
      const said = items.flatMap(({ content }) => /^morning (\d+)$/.exec(content)?.[1] ?? [])
      expect(said.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
      expect(await daemon.stop()).toBe(0)
    }),
  300_000,
)
