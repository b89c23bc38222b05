import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commands as daemonCommands } from '../../daemon/cli/commands'
import { FIELDS } from '../../daemon/config/fields'
import { RUNTIMES } from '../../daemon/runtimes/catalog'
import pkg from '../../package.json'
import { commands } from '../../server/cli/commands'
import { SETTINGS } from '../../server/config/settings'

const ROOT = join(import.meta.dir, '../..')
const PAGES = ['README.md', 'CHANGELOG.md', ...new Bun.Glob('docs/*.md').scanSync(ROOT)]
const read = (path: string): Promise<string> => Bun.file(join(ROOT, path)).text()
/** A page without its fenced code. */
const prose = (text: string): string => text.replace(/```[\s\S]*?```/g, '')

/** What GitHub calls a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

test.each(PAGES)('every link of %s leads somewhere', async (page) => {
  for (const [, target = ''] of prose(await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    expect([target, existsSync(join(ROOT, file))]).toEqual([target, true])
    if (anchor === undefined) continue
    const headings = [...(await read(file)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading))
    expect(headings).toContain(anchor)
  }
})

test('the page about configuration has every setting of server and daemon', async () => {
  const page = await read('docs/configuration.md')
  const expected = [
    ...Object.values(SETTINGS).flatMap((setting) => [
      setting.env,
      'flag' in setting ? `--${setting.flag}` : setting.env,
    ]),
    ...FIELDS.flatMap((field) => [...field.env, field.key]),
    ...RUNTIMES.flatMap(({ pathEnv }) => pathEnv ?? []),
  ]
  for (const name of new Set(expected)) expect(page).toMatch(new RegExp(`\`${name}\``))
})

test.each(PAGES)('every variable that %s names is read somewhere', async (page) => {
  const sources = [...new Bun.Glob('{server,daemon,shared,test,console}/**/*.{ts,tsx,sh,ps1}').scanSync(ROOT)]
  const code = (await Promise.all(sources.map(read))).join('\n')
  const named = new Set((await read(page)).match(/NEKODE_[A-Z_]*[A-Z]/g) ?? [])
  for (const name of named) {
    const stem = name.replace('NEKODE_', '')
    // The list of known variables leaves the prefix out.
    expect([name, code.includes(name) || new RegExp(`[' ]${stem}[' ]`).test(code)]).toEqual([name, true])
  }
})

test.each(PAGES)('every command that %s shows exists', async (page) => {
  const text = await read(page)
  const code = [...text.matchAll(/```[\s\S]*?```|`[^`]+`/g)].map(([match]) => match).join('\n')
  for (const [, name = ''] of code.matchAll(/(?:^|[\s/(`|])nekode ([a-z][a-z-]*)/g))
    expect(Object.keys(commands)).toContain(name)
  for (const [, name = ''] of code.matchAll(/(?:^|[\s/(`|])nekode-daemon ([a-z][a-z-]*)/g))
    expect(Object.keys(daemonCommands)).toContain(name)
  for (const [, name = ''] of code.matchAll(/\bbun(?:@[\d.]+)? run ([a-z]+)/g))
    expect(Object.keys(pkg.scripts)).toContain(name)
  for (const [path] of code.matchAll(/\bdeploy\/[\w./-]+/g))
    expect([path, existsSync(join(ROOT, path))]).toEqual([path, true])
})

test('the README names every runtime', async () => {
  const page = await read('README.md')
  for (const { kind } of RUNTIMES) expect(page).toContain(`\`${kind}\``)
})
