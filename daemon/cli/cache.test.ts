import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestHost } from '@shared/cli/testing'
import { FakeControl } from '../../test/fixtures/control'
import { DaemonHere } from '../../test/fixtures/daemon'
import { startModelEndpoint } from '../../test/fixtures/model-endpoint'
import { pathsOf } from '../config/paths'
import { LocalClient } from '../local/client'
import { readToken, socketAddress } from '../local/place'
import { Exit } from './exit'
import { program } from './program'

const MAIN = join(import.meta.dir, '../main.ts')
let server: FakeControl
let here: DaemonHere
let host: TestHost
beforeEach(async () => {
  server = new FakeControl().start()
  server.addAgent('ada')
  here = new DaemonHere(server, { localPort: '0' })
  await here.start()
  host = new TestHost(program)
  host.env.NEKODE_HOME = here.home
})
afterEach(async () => {
  host.remove()
  await here.clean()
  await server.stop()
})

async function fill(): Promise<void> {
  const paths = pathsOf(here.home)
  const client = await LocalClient.open({ address: socketAddress(paths), token: readToken(paths) })
  const value = { provider: 'openai', response: 'x'.repeat(3000), tokens_in: 1200, tokens_out: 300, cost: 0.0125 }
  for (const key of ['one', 'two']) await client.call('CacheSet', { ...value, key, model: 'gpt-5-mini' })
  await client.call('CacheSet', { ...value, key: 'three', model: 'other' })
  for (const key of ['one', 'one', 'nothing']) await client.call('CacheGet', { key })
  client.close()
}

const json = async (...words: string[]) => {
  await host.run('cache', ...words, '--json')
  return JSON.parse(host.stdout)
}

describe('the cache', () => {
  test('shows what it holds and has saved', async () => {
    await fill()
    expect(await host.run('cache', 'stats')).toBe(0)
    expect(host.stdout).toMatch(/hits +2 of 3 \(67 %\)/)
    expect(host.stdout).toMatch(/tokens saved +3,000/)
    expect(host.stdout).toMatch(/cost saved +\$0\.0250/)
    expect(await json('stats')).toMatchObject({ entries: 3, hits: 2, misses: 1, total_tokens_saved: 3000 })
  })

  test('lists answers, and says so when there are none', async () => {
    expect(await host.run('cache', 'list')).toBe(0)
    expect(host.stderr).toContain('The cache is empty.')
    await fill()
    expect(await host.run('cache', 'list')).toBe(0)
    expect(host.stdout).toContain('gpt-5-mini')
    expect(host.stdout).toContain('1200 + 300')
    expect((await json('list', '--model', 'other')).items.map(({ name }: { name: string }) => name)).toEqual(['three'])
    expect((await json('list', '--limit', '1')).items.length).toBe(1)
    expect(await host.run('cache', 'list', '--limit', 'many')).toBe(Exit.usage)
  })

  test('lets go of one answer by its name, its key or how that begins, of a model, and of all', async () => {
    await fill()
    const keyOf = async (name: string): Promise<string> =>
      (await json('list')).items.find((entry: { name: string }) => entry.name === name).key
    const two = await keyOf('two')
    expect(await host.run('cache', 'purge', 'one')).toBe(0)
    expect(await host.run('cache', 'purge', two)).toBe(0)
    expect(await host.run('cache', 'purge', two)).toBe(Exit.notFound)
    expect(await host.run('cache', 'purge', '--model', 'other', '--agent', 'ada')).toBe(Exit.notFound)
    expect(await host.run('cache', 'purge')).toBe(Exit.usage)
    expect(await json('purge', '--model', 'other', '--agent', 'computer')).toEqual({ removed: 1 })
    await fill()
    expect(await host.run('cache', 'clear')).toBe(0)
    expect(await json('stats')).toMatchObject({ entries: 0 })
  })

  test('says where the daemon serves it, in lines for a shell that do not hold the token', async () => {
    expect(await host.run('cache', 'serve')).toBe(0)
    const script = `${host.stdout}\nprintf '%s %s' "$OPENAI_BASE_URL" "$OPENAI_API_KEY"`
    const [url = '', key] = Bun.spawnSync(['sh', '-c', script]).stdout.toString().split(' ')
    const token = readToken(pathsOf(here.home))!
    expect(key).toBe(token)
    expect(host.stdout).not.toContain(token)
    const answer = await fetch(`${url}/models`, { headers: { authorization: 'Bearer wrong' } })
    expect(answer.status).toBe(401)
  })

  test('without a daemon says how to get one, with the exit code for that', async () => {
    await here.daemon.stop()
    expect(await host.run('cache', 'stats')).toBe(Exit.unreachable)
    expect(host.stderr).toContain('nekode-daemon start')
  })
})

test('serve without a daemon serves the proxy itself, with the secrets of this computer, until it is ended', async () => {
  await here.daemon.stop()
  const model = startModelEndpoint({ decide: () => [{ say: 'hi' }] })
  const file = join(here.home, 'daemon.json')
  writeFileSync(
    file,
    JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), cacheUpstreams: [`mine=${model.url},secret:mistral`] }),
  )
  const env = { PATH: process.env.PATH, HOME: here.home, NEKODE_HOME: here.home, MISTRAL_API_KEY: 'sk-from-env' }
  const child = Bun.spawn([process.execPath, MAIN, 'cache', 'serve', '--port', '0', '--json'], {
    env,
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  let said = ''
  while (!said.trimEnd().endsWith('}')) said += new TextDecoder().decode((await reader.read()).value)
  const { url, tokenFile } = JSON.parse(said)
  const ask = async () => {
    const response = await fetch(`${url}/mine/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}` },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }),
    })
    return [response.status, response.headers.get('x-nekode-cache')]
  }
  expect([await ask(), await ask()]).toEqual([
    [200, 'miss'],
    [200, 'hit'],
  ])
  expect(model.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-from-env'])
  expect(await json('stats')).toMatchObject({ hits: 1, misses: 1 })
  const second = Bun.spawnSync([process.execPath, MAIN, 'run', '--once'], { env })
  expect([second.exitCode, second.stderr.toString()]).toEqual([Exit.locked, expect.stringContaining(String(child.pid))])
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  await model.stop()
}, 30_000)
