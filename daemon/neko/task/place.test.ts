import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quiet, testSettings } from '../../../test/fixtures/desk'
import { findPlace } from './place'

const stateDir = mkdtempSync(join(tmpdir(), 'nekode-place-'))
const connection = { url: 'http://desk.example:8080', username: 'ada', password: 'x' }

test('a server that is named is the place, and nothing is started', async () => {
  const env = { NEKO_URL: connection.url }
  const place = await findPlace(testSettings({ connection }), { env, stateDir, isConfined: true, log: quiet })
  expect(place).toMatchObject({ connection, isOwn: false })
  await place.close()
  expect(existsSync(join(stateDir, 'desktop'))).toBe(false)
})

test('an agent that is confined gets no desktop outside of its confinement, and is told what to set', async () => {
  const refused = findPlace(testSettings(), { env: {}, stateDir, isConfined: true, log: quiet })
  await expect(refused).rejects.toMatchObject({
    failure: { reason: 'desktop_unavailable', message: expect.stringContaining('NEKO_URL') },
  })
  rmSync(stateDir, { recursive: true })
})
