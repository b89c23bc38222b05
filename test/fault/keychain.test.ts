import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { LocalClient } from '../../daemon/local/client'
import { readToken, socketAddress } from '../../daemon/local/place'
import { pathsOf } from '../../daemon/config/paths'
import { Desktop, hasSecretService } from '../../daemon/services/secrets/testing'
import { inPlace, startDaemon, startServer } from '../e2e/harness'
import { Talk } from '../e2e/talk'
import { carrying } from '../setup/processes'

const VALUE = 'hunter-in-the-keychain'

test.skipIf(!hasSecretService)(
  'a keychain that stops answering fails the agents that need it by name, holds up nothing else, and serves again when it goes on',
  () =>
    inPlace(async (place) => {
      await using desktop = await Desktop.start()
      const server = await startServer(place)
      const admin = await server.admin()
      const daemon = await startDaemon(place, server, { env: desktop.env })
      const talk = new Talk(server.url, admin)
      const agents = [
        { name: 'ada', env: [{ name: 'TOKEN', value: 'secret:TOKEN', secret: false }] },
        { name: 'bob', env: [] },
      ]
      for (const { name, env } of agents)
        await admin.call('POST /api/agents', {
          body: {
            name,
            computerId: daemon.computerId,
            runtimeKind: 'custom',
            command: ['sh', '-c', 'cat > /dev/null; echo "${#TOKEN} letters"'],
            env,
          },
        })
      const paths = pathsOf(daemon.home)
      const ask = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths), patienceMs: 60_000 })
      try {
        expect(await ask.call('SetSecret', { provider: 'TOKEN', key: VALUE })).toMatchObject({ source: 'Keychain' })
        // Each home of this user has entries of its own there.
        expect(await desktop.look(`nekode ${daemon.home}`, 'TOKEN')).toBe(VALUE)
        desktop.freeze(true)
        const asked = await talk.ask('@ada hello')
        const other = await talk.over(await talk.ask('@bob hello'))
        expect(other.said.map(({ content }) => content)).toEqual(['0 letters'])
        expect(await ask.call('Ping', {})).toMatchObject({ type: 'Pong' })
        expect((await ask.call('ListSecrets', {})).providers[0]).toMatchObject({
          provider: 'TOKEN',
          source: 'Keychain',
        })
        const failed = await talk.over(asked)
        expect(failed.run).toMatchObject({ state: 'failed', failure: { reason: 'secret_unavailable' } })
        expect(failed.run.failure?.message).toContain('gave no answer within 8 seconds')
        // Before its helper is asked again, a minute has to pass: the daemon starts anew here instead.
        desktop.freeze(false)
        ask.close()
        await daemon.stop()
        await daemon.start()
        const well = await talk.over(await talk.ask('@ada again'))
        expect(well.said.map(({ content }) => content)).toEqual([`${VALUE.length} letters`])
      } finally {
        ask.close()
      }
      expect(place.told()).not.toContain(VALUE)
      expect(await daemon.stop()).toBe(0)
      expect(carrying(daemon.home).filter(({ command }) => command.endsWith('keychain'))).toEqual([])
      expect(await Bun.file(join(daemon.home, 'daemon/secrets/vault.json')).exists()).toBe(false)
    }),
  120_000,
)
