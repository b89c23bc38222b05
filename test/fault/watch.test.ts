import { expect, test } from 'bun:test'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaemonAlone } from '../e2e/alone'
import { inPlace } from '../e2e/program'
import { until } from '../fixtures/control'
import { times } from './counts'

const KILLS = times(20)

async function eventually(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`did not come true: ${what}`)
    await Bun.sleep(20)
  }
}

test(
  `over ${KILLS} kills of the daemon a watch that wants it tells every file exactly once, those of the time between too`,
  () =>
    inPlace(async (place) => {
      const daemon = new DaemonAlone(place)
      const dir = join(daemon.home, 'project')
      mkdirSync(dir)
      await daemon.start()
      await daemon.ask((client) =>
        client.call('WatchAdd', { dir, name: 'w', catch_up: true, debounce_ms: 10, max_per_minute: 600 }),
      )
      const told = new Map<string, Set<string>>()
      const gather = async (): Promise<void> => {
        const answer = await daemon.ask((client) => client.call('WatchShow', { id: 'w' }))
        const triggers = 'triggers' in answer ? answer.triggers : []
        for (const { id, files } of triggers)
          for (const { path } of files) told.set(path, (told.get(path) ?? new Set()).add(id))
      }
      const written: string[] = []
      const write = (name: string): void => {
        mkdirSync(join(dir, name, '..'), { recursive: true })
        // As one step: a file that is written in two may rightly be told as created and then as changed.
        writeFileSync(join(daemon.home, 'next'), name)
        renameSync(join(daemon.home, 'next'), join(dir, name))
        written.push(name)
      }
      for (let round = 0; round < KILLS; round++) {
        for (let i = 0; i < 5; i++) {
          write(`round-${round}/${i}/while-it-runs.txt`)
          await Bun.sleep(Math.random() * 15)
        }
        await daemon.killHard()
        write(`round-${round}/while-it-is-away.txt`)
        await daemon.start()
        await eventually('what changed meanwhile is told', async () => {
          await gather()
          return written.every((name) => told.has(name))
        })
      }
      expect([...told].filter(([, triggers]) => triggers.size !== 1)).toEqual([])
      expect([...told.keys()].toSorted()).toEqual(written.toSorted())
      expect(await daemon.stop()).toBe(0)
      console.log(`${KILLS} kills: ${written.length} files, each told once`)
    }),
  300_000,
)

test(
  'after more changes than the system keeps for a daemon that stands still, all is known, and that is said',
  () =>
    inPlace(async (place) => {
      const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
      const daemon = new DaemonAlone(place)
      const dir = join(daemon.home, 'project')
      for (let i = 0; i < 100; i++) mkdirSync(join(dir, `d${i}`), { recursive: true })
      writeFileSync(join(dir, 'd0/gone.txt'), '')
      await daemon.start()
      await daemon.ask((client) => client.call('WatchAdd', { dir, name: 'w', debounce_ms: 200, patterns: ['*.txt'] }))
      process.kill(daemon.program.pid, 'SIGSTOP')
      rmSync(join(dir, 'd0/gone.txt'))
      const count = Math.ceil(queue / 2) + 1000
      for (let i = 0; i < count; i++) writeFileSync(join(dir, `d${i % 100}/${i}.txt`), 'x')
      process.kill(daemon.program.pid, 'SIGCONT')
      const list = async () => (await daemon.ask((client) => client.call('WatchList', {}))).watches[0]
      await eventually('every file is known', async () => (await list())?.files === count)
      await until('it is said', () => daemon.program.output.includes('changed faster than the system could tell'))
      await eventually('they are told', async () => {
        const answer = await daemon.ask((client) => client.call('WatchShow', { id: 'w' }))
        const totals = 'triggers' in answer ? answer.triggers.map(({ total }) => total) : []
        return totals.reduce((sum, total) => sum + total, 0) === count + 1
      })
      writeFileSync(join(dir, 'd7/after.txt'), 'x')
      await eventually('it goes on', async () => (await list())?.files === count + 1)
      expect(await daemon.stop()).toBe(0)
    }),
  120_000,
)

test(
  'where the system has no more watches, adding one fails with the limit and how it is raised; fewer folders, or looking at intervals, works',
  () =>
    inPlace(async (place) => {
      const limited = 'echo 40 > /proc/sys/user/max_inotify_watches && exec "$@"'
      const daemon = new DaemonAlone(place, {
        under: ['unshare', '--user', '--map-root-user', 'sh', '-c', limited, 'sh'],
      })
      const dir = join(daemon.home, 'project')
      for (let i = 0; i < 60; i++) mkdirSync(join(dir, `d${i}`), { recursive: true })
      writeFileSync(join(dir, 'd0/a.txt'), '')
      await daemon.start()
      const add = daemon.cli('watch', 'add', dir, '--name', 'w')
      expect(await add).toMatchObject({
        code: 1,
        err: expect.stringContaining('sudo sysctl fs.inotify.max_user_watches=524288'),
      })
      expect((await daemon.ask((client) => client.call('WatchList', {}))).watches).toEqual([])
      expect(await daemon.cli('watch', 'add', dir, '--name', 'few', '--ignore', 'd[1-5]*')).toMatchObject({ code: 0 })
      expect(await daemon.cli('watch', 'add', dir, '--name', 'poll', '--poll', '1s')).toMatchObject({ code: 0 })
      // A watch that grows over the limit fails, says so, and gives back what it had.
      for (let i = 0; i < 60; i++) mkdirSync(join(dir, `e${i}`))
      await eventually('it has failed', async () => {
        const { watches } = await daemon.ask((client) => client.call('WatchList', {}))
        return watches.some(
          ({ name, state, reason }) => name === 'few' && state === 'failed' && reason?.includes('sysctl'),
        )
      })
      expect(await daemon.cli('watch', 'add', join(dir, 'd0'), '--name', 'small')).toMatchObject({ code: 0 })
      expect(await daemon.stop()).toBe(0)
    }),
  60_000,
)
