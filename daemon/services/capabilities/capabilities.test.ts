import { expect, setDefaultTimeout, test } from 'bun:test'
import { DaemonAlone } from '../../../test/e2e/alone'
import { inPlace } from '../../../test/e2e/program'

// A daemon is started.
setDefaultTimeout(60_000)

test('one answer tells of all services, and counts what is under way', () =>
  inPlace(async (place) => {
    const daemon = new DaemonAlone(place)
    await daemon.start()
    const ask = async () => {
      const { capabilities } = await daemon.ask((client) => client.call('GetDaemonCapabilities', {}))
      return capabilities
    }
    const idle = { cache_entries: 0, cache_hit_rate: 0, active_jobs: 0, watch_active: false, total_cost_saved: 0 }
    expect(await ask()).toMatchObject(idle)
    const { id } = await daemon.ask((client) => client.call('JobSubmit', { command: ['sleep', '60'] }))
    expect(await ask()).toMatchObject({ ...idle, active_jobs: 1 })
    await daemon.ask((client) => client.call('JobCancel', { id }))
    expect(await ask()).toMatchObject(idle)
    await daemon.stop()
  }))
