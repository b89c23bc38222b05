import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own that is soon full. */
export interface SmallDisk extends Disposable {
  path: string
}

/** @returns undefined where this user may not mount one */
export function smallDisk(size: '2m' | '8m'): SmallDisk | undefined {
  if (process.platform !== 'linux') return undefined
  const path = mkdtempSync(join(tmpdir(), 'disk-'))
  const { exitCode } = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], {
    stderr: 'ignore',
  })
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  if (exitCode !== 0) {
    remove()
    return undefined
  }
  return {
    path,
    [Symbol.dispose]: () => {
      Bun.spawnSync(['umount', '-l', path])
      remove()
    },
  }
}

/** Whether this user may mount file systems, which decides if full disks can be tested. */
export function canMount(): boolean {
  using disk = smallDisk('2m')
  return disk !== undefined
}
