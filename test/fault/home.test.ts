import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { logPath } from '../../daemon/config/logfile'
import { pathsOf } from '../../daemon/config/paths'
import { canMount, smallDisk } from '../disk'
import { DaemonAlone } from '../e2e/alone'
import { inPlace } from '../e2e/program'

setDefaultTimeout(120_000)

const mount = (...words: string[]): void => {
  const { exitCode, stderr } = Bun.spawnSync(['mount', ...words])
  if (exitCode !== 0) throw new Error(stderr.toString())
}

/** Fills a disk to the last byte. */
function fill(path: string): void {
  for (const size of [100_000, 1000, 1])
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
      } catch {
        // Full for pieces of this size.
        break
      }
    }
}

describe.skipIf(!canMount())('the home of a daemon', () => {
  test('that cannot be written is said at the start, by the doctor too', () =>
    inPlace(async (place) => {
      using disk = smallDisk('8m')!
      const daemon = new DaemonAlone(place, { env: { NEKODE_HOME: disk.path } })
      const settings = { serverUrl: 'http://127.0.0.1:1', token: 'ndt_none', computerId: 'cmp_1', localPort: '0' }
      writeFileSync(join(disk.path, 'daemon.json'), JSON.stringify(settings))
      chmodSync(join(disk.path, 'daemon.json'), 0o600)
      mount('-o', 'remount,ro', disk.path)
      for (const words of [['run'], ['start']]) {
        const { code, err } = await daemon.cli(...words)
        expect([words, code]).toEqual([words, 3])
        expect(err).toContain(disk.path)
        expect(err.toLowerCase()).toContain('read-only')
      }
      const { out } = await daemon.cli('doctor', '--json')
      const home = JSON.parse(out).find(({ name }: { name: string }) => name === 'home')
      expect(home).toMatchObject({ result: 'failed', next: expect.stringContaining('NEKODE_HOME') })
      expect(readdirSync(disk.path)).toEqual(['daemon.json'])
    }))

  test('on a disk that is full says so at the start, and starts when there is room', () =>
    inPlace(async (place) => {
      using disk = smallDisk('8m')!
      const daemon = new DaemonAlone(place, { env: { NEKODE_HOME: disk.path } })
      const settings = { serverUrl: 'http://127.0.0.1:1', token: 'ndt_none', computerId: 'cmp_1', localPort: '0' }
      writeFileSync(join(disk.path, 'daemon.json'), JSON.stringify(settings))
      chmodSync(join(disk.path, 'daemon.json'), 0o600)
      fill(join(disk.path, 'ballast'))
      const { code, err } = await daemon.cli('run')
      expect(code).toBe(3)
      expect(err).toContain('disk')
      const { out } = await daemon.cli('doctor', '--json')
      const checked = JSON.parse(out).find(({ name }: { name: string }) => name === 'disk')
      expect(checked).toMatchObject({ result: 'failed', next: expect.stringContaining('Make room') })
      rmSync(join(disk.path, 'ballast'))
      expect(await daemon.cli('start')).toMatchObject({ code: 0 })
      expect(await daemon.cli('stop')).toMatchObject({ code: 0 })
    }))

  test('on a disk that becomes full goes on answering, refuses what it cannot keep, and keeps it when there is room', () =>
    inPlace(async (place) => {
      using disk = smallDisk('8m')!
      const home = join(disk.path, 'home')
      const project = join(home, 'project')
      mkdirSync(project, { recursive: true })
      const daemon = new DaemonAlone(place, { env: { NEKODE_HOME: home, HOME: home } })
      const settings = { serverUrl: 'http://127.0.0.1:1', token: 'ndt_none', computerId: 'cmp_1', localPort: '0' }
      writeFileSync(join(home, 'daemon.json'), JSON.stringify(settings), { mode: 0o600 })
      expect(await daemon.cli('start')).toMatchObject({ code: 0 })
      expect(await daemon.cli('watch', 'add', project, '--name', 'before', '--debounce', '10ms')).toMatchObject({
        code: 0,
      })
      fill(join(disk.path, 'ballast'))
      expect(await daemon.cli('status')).toMatchObject({ code: 0 })
      const refused = await daemon.cli('watch', 'add', project, '--name', 'during')
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/full/)])
      // What the watch sees is told all the same, from memory.
      rmSync(project, { recursive: true })
      rmSync(join(disk.path, 'ballast'))
      mkdirSync(project)
      writeFileSync(join(project, 'after.txt'), 'x')
      const told = async (): Promise<boolean> => {
        const { out } = await daemon.cli('watch', 'show', 'before', '--json')
        return out.includes('after.txt')
      }
      const deadline = Date.now() + 30_000
      while (!(await told())) if (Date.now() > deadline) throw new Error('the watch did not go on')
      expect(await daemon.cli('watch', 'add', project, '--name', 'after')).toMatchObject({ code: 0 })
      expect(await daemon.cli('stop')).toMatchObject({ code: 0 })
      expect(readFileSync(logPath(pathsOf(home)), 'utf8')).toContain('nekode-daemon stops')
      expect(existsSync(join(home, 'daemon', 'watch.db'))).toBe(true)
    }))
})
