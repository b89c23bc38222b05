import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, figure } from './figure'
import { quantile } from './stats'

/** What "durable" costs here, without any database. */
export const disk: Bench = {
  name: 'disk',
  async run(place) {
    const fd = openSync(join(place.dir, 'sync'), 'w')
    const page = Buffer.alloc(4096, 1)
    const times = Array.from({ length: 1000 }, () => {
      const start = performance.now()
      writeSync(fd, page)
      fdatasyncSync(fd)
      return performance.now() - start
    })
    closeSync(fd)
    const how =
      '1,000 appends of 4 KiB, each followed by fdatasync, in the folder that the data of the other figures is in'
    return [
      figure({ what: 'disk: write and sync, p50', ours: quantile(times, 0.5), unit: 'ms', how }),
      figure({ what: 'disk: write and sync, p99', ours: quantile(times, 0.99), unit: 'ms', how }),
    ]
  },
}
