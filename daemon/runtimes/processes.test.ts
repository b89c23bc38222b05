import { expect, test } from 'bun:test'
import { ancestors, carrying, descendants, fromPs, isAlive, processes } from './processes'

test('this process, its parents and its children are found, with what they carry', async () => {
  const child = Bun.spawn(['sh', '-c', 'sleep 30 & wait'], { env: { PATH: '/usr/bin:/bin', NEKODE_PROBE: 'yes, 1' } })
  while (descendants(process.pid).length < 2) await Bun.sleep(10)
  const below = descendants(process.pid).map(({ pid }) => pid)
  expect(below).toContain(child.pid)
  expect(descendants(child.pid).length).toBe(1)
  expect(ancestors(child.pid).has(process.pid)).toBe(true)
  expect(carrying('NEKODE_PROBE', 'yes, 1').length).toBe(2)
  expect(carrying('NEKODE_PROBE', 'yes').length).toBe(0)
  const itself = processes().find(({ pid }) => pid === child.pid)!
  expect(isAlive(itself)).toBe(true)
  expect(isAlive({ ...itself, start: 'another time' })).toBe(false)
  for (const pid of [...descendants(child.pid).map((one) => one.pid), child.pid]) process.kill(pid, 'SIGKILL')
  await child.exited
  expect(isAlive(itself)).toBe(false)
})

test('without /proc, ps tells the same family', async () => {
  const child = Bun.spawn(['sleep', '30'])
  const itself = fromPs().find(({ pid }) => pid === child.pid)
  expect(itself).toMatchObject({ parent: process.pid, start: expect.stringMatching(/20\d\d$/) })
  expect(descendants(process.pid, fromPs()).map(({ pid }) => pid)).toContain(child.pid)
  child.kill()
  await child.exited
})
