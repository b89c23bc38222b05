import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorText } from '@shared/errors'
import { detectRuntimes, installRuntime } from '.'

const root = mkdtempSync(join(tmpdir(), 'nekode-detect-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let number = 0
/** A computer with these programs and files, and no Ollama. */
function computer(programs: Record<string, string>, files: Record<string, string> = {}) {
  const home = join(root, `home${++number}`)
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), text)
  }
  return { home, bin, env: { PATH: `${bin}:/usr/bin:/bin`, HOME: home, OLLAMA_HOST: '127.0.0.1:1' } }
}

async function find(kind: string, env: Record<string, string>) {
  const found = (await detectRuntimes(env)).find((runtime) => runtime.kind === kind)
  if (!found) throw new Error(`no ${kind}`)
  return found
}

const CLAUDE = (loggedIn: boolean) => `case "$1" in
  --version) echo "2.1.329 (Claude Code)";;
  auth) echo '{"loggedIn":${loggedIn},"authMethod":"${loggedIn ? 'claude.ai' : 'none'}"}'; exit ${loggedIn ? 0 : 1};;
esac`
const CODEX = (code: number) => `case "$1" in --version) echo "codex-cli 0.169.0";; login) exit ${code};; esac`

describe('detection', () => {
  test('on an empty computer finds what needs no program, and says how to get the others', async () => {
    const { env } = computer({ npm: 'exit 0' })
    const all = await detectRuntimes(env)
    const installed = all.filter((runtime) => runtime.installed).map(({ kind }) => kind)
    expect(installed).toEqual(['custom', 'acp', 'builtin', 'neko', 'demo'])
    expect(all.filter(({ demo }) => demo).map(({ kind }) => kind)).toEqual(['demo'])
    expect(await find('claude', env)).toEqual({
      kind: 'claude',
      displayName: 'Claude Code',
      installed: false,
      version: '',
      login: 'unknown',
      loginVia: '',
      nextStep: 'Install it: npm install --global @anthropic-ai/claude-code',
      installCommand: 'npm install --global @anthropic-ai/claude-code',
      canInstall: true,
      models: [],
      demo: false,
      path: null,
    })
    expect(await find('kimi', env)).toMatchObject({ installed: false, canInstall: false, installCommand: '' })
  })

  test('offers Bun for the installation where there is no npm, and none where there is neither', async () => {
    const withBun = computer({ bun: 'exit 0' })
    const PATH = withBun.bin
    expect(await find('codex', { ...withBun.env, PATH })).toMatchObject({
      installCommand: 'bun add --global @openai/codex',
      canInstall: true,
    })
  })

  const logins: [string, string, Record<string, string>, Record<string, string>, Record<string, string>, string][] = [
    ['claude', 'logged in', { claude: CLAUDE(true) }, {}, {}, 'yes'],
    ['claude', 'not logged in', { claude: CLAUDE(false) }, {}, {}, 'no'],
    ['claude', 'saying something else', { claude: 'echo hm' }, {}, {}, 'unknown'],
    ['codex', 'logged in', { codex: CODEX(0) }, {}, {}, 'yes'],
    ['codex', 'not logged in', { codex: CODEX(1) }, {}, {}, 'no'],
    ['codex', 'with a key', { codex: CODEX(1) }, {}, { CODEX_API_KEY: 'k' }, 'yes'],
    ['codex', 'with an endpoint', { codex: CODEX(1) }, {}, { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }, 'yes'],
    ['codex', 'with a provider', { codex: CODEX(1) }, { '.codex/config.toml': 'model_provider = "x"' }, {}, 'unknown'],
    ['gemini', 'with a key', { gemini: 'echo 0.61.0' }, {}, { GEMINI_API_KEY: 'k' }, 'yes'],
    ['gemini', 'with an OAuth file', { gemini: 'echo 0.61.0' }, { '.gemini/oauth_creds.json': '{}' }, {}, 'yes'],
    ['gemini', 'with neither', { gemini: 'echo 0.61.0' }, {}, {}, 'no'],
    ['opencode', 'with a login', { opencode: 'echo 1.18.33' }, { '.local/share/opencode/auth.json': '{}' }, {}, 'yes'],
    ['opencode', 'without', { opencode: 'echo 1.18.33' }, {}, {}, 'unknown'],
    ['copilot', 'with a token', { copilot: 'echo 1.0.102' }, {}, { GH_TOKEN: 't' }, 'yes'],
  ]
  for (const [kind, what, programs, files, extra, login] of logins)
    test(`finds ${kind} ${what}: ${login}`, async () => {
      const { bin, env } = computer(programs, files)
      const found = await find(kind, { ...env, ...extra })
      expect(found).toMatchObject({ installed: true, login, path: join(bin, kind) })
      expect(found.version).toMatch(kind === 'claude' && what.includes('else') ? /^$/ : /^\d+\.\d+\.\d+$/)
      // Whoever is not logged in is told what to do; no secret is in the answer.
      expect(found.nextStep !== '').toBe(login === 'no')
      expect(JSON.stringify(found)).not.toContain('"k"')
    })

  test('takes the program that a variable names, and says so when that is none', async () => {
    const { home, env } = computer({}, { 'my/codex': '#!/bin/sh\necho 9.9.9\n' })
    const mine = join(home, 'my/codex')
    chmodSync(mine, 0o755)
    expect(await find('codex', { ...env, NEKODE_CODEX_PATH: mine })).toMatchObject({ path: mine, version: '9.9.9' })
    const nowhere = await find('codex', { ...env, NEKODE_CODEX_PATH: join(home, 'nowhere') })
    expect(nowhere).toMatchObject({ installed: false, nextStep: expect.stringContaining('NEKODE_CODEX_PATH names') })
  })

  test('finds a program in an installer’s folder that is not on the PATH', async () => {
    const { home, env } = computer({}, { '.local/bin/claude': `#!/bin/sh\n${CLAUDE(true)}\n` })
    chmodSync(join(home, '.local/bin/claude'), 0o755)
    expect(await find('claude', env)).toMatchObject({ installed: true, login: 'yes' })
  })

  test('says which adapter is missing', async () => {
    const { env } = computer({ pi: 'echo 0.73.1' })
    expect(await find('pi', env)).toMatchObject({
      installed: false,
      version: '0.73.1',
      nextStep: expect.stringContaining('pi-acp'),
    })
    const both = computer({ pi: 'echo 0.73.1', 'pi-acp': 'echo 0.0.34' })
    expect(await find('pi', both.env)).toMatchObject({ installed: true, path: join(both.bin, 'pi-acp') })
  })

  test('asks all programs at the same time, and gives up on one that cannot run', async () => {
    const slow = 'sleep 0.4; echo 1.2.3'
    const { env } = computer({ gemini: slow, opencode: slow, qwen: slow, copilot: slow, goose: slow, kimi: slow })
    writeFileSync(join(env.HOME, 'bin/claude'), 'no program')
    chmodSync(join(env.HOME, 'bin/claude'), 0o755)
    const all = await detectRuntimes(env)
    expect(all.filter(({ version }) => version === '1.2.3').length).toBe(6)
    expect(all.find(({ kind }) => kind === 'claude')).toMatchObject({ installed: true, version: '', login: 'unknown' })
  })
})

describe('the model of the built-in agent', () => {
  test('is looked for in keys, an own endpoint and a local Ollama', async () => {
    const ollama = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        if (request.url.endsWith('/api/tags'))
          return Response.json({ models: [{ name: 'nomic-embed-text' }, { name: 'old:7b' }, { name: 'qwen3:8b' }] })
        const { model } = (await request.json()) as { model: string }
        return Response.json({ capabilities: model.startsWith('qwen3') ? ['completion', 'tools'] : ['completion'] })
      },
    })
    const { env } = computer({})
    expect(await find('builtin', env)).toMatchObject({ login: 'no', nextStep: expect.stringContaining('start Ollama') })
    expect(await find('builtin', { ...env, OPENAI_API_KEY: 'k' })).toMatchObject({
      login: 'yes',
      loginVia: 'OPENAI_API_KEY',
    })
    expect(await find('builtin', { ...env, OLLAMA_HOST: `0.0.0.0:${ollama.port}` })).toMatchObject({
      login: 'yes',
      loginVia: `Ollama at http://127.0.0.1:${ollama.port}`,
      models: ['nomic-embed-text', 'old:7b', 'qwen3:8b'],
      nextStep: '',
    })
    await ollama.stop(true)
  })

  test('the vision agent needs a model, and somewhere to work', async () => {
    const { env } = computer({})
    const there = { ...env, NEKO_URL: 'http://desk.example' }
    expect(await find('neko', there)).toMatchObject({ installed: true, login: 'no' })
    expect(await find('neko', { ...there, OPENROUTER_API_KEY: 'k' })).toMatchObject({
      login: 'yes',
      loginVia: 'OPENROUTER_API_KEY',
      nextStep: '',
    })
  })
})

describe('installing', () => {
  test('runs the command of the catalog with what is there, and shows its lines', async () => {
    const { home, env } = computer({
      npm: 'echo "args: $*"; echo "token: $NEKODE_DAEMON_TOKEN" >&2; touch "$HOME/done"',
    })
    const lines: string[] = []
    const daemon = { ...env, NEKODE_DAEMON_TOKEN: 'secret' }
    await installRuntime('codex', { env: daemon, onLine: (line) => lines.push(line) })
    expect(lines.sort()).toEqual([
      '$ npm install --global @openai/codex',
      'args: install --global @openai/codex',
      'token: ',
    ])
    expect(await Bun.file(join(home, 'done')).exists()).toBe(true)
  })

  test('says what went wrong', async () => {
    const { env } = computer({ npm: 'echo "no space left" >&2; exit 28' })
    const install = (kind: string, from: Record<string, string> = env) =>
      installRuntime(kind, { env: from, onLine() {} })
    const failed = await install('claude').catch((error: unknown) => errorText(error))
    expect(failed).toBe('npm ended with 28: no space left')
    await expect(install('nothing')).rejects.toMatchObject({ kind: 'not_found' })
    await expect(install('kimi')).rejects.toMatchObject({
      kind: 'precondition',
      next: expect.stringContaining('vendor'),
    })
    await expect(install('demo')).rejects.toMatchObject({ code: 'cannot_install' })
  })
})
