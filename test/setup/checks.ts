import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command'

export interface Check {
  name: string
  /** @returns what is wrong and how it is put right, empty when nothing is */
  find(): Promise<string>
}

const BIN = join('node_modules', '.bin')

async function output(...argv: string[]): Promise<string> {
  const [program = '', ...args] = argv
  const path = program === 'bun' ? process.execPath : join(BIN, program)
  const { code, output } = await run([path, ...args], { timeoutSeconds: 300 })
  return code === 0 ? '' : output.trim() || `${program} ended with ${code}`
}

/** Runs `work` with a temporary folder. */
async function scratch(work: (dir: string) => Promise<string>): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'nekode-check-'))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Files that differ between two folders, by path. */
function differences(a: string, b: string): string[] {
  const files = (dir: string): string[] =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((f) => /\.\w+$/.test(f))
  const text = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      // Only the other folder has it, which is a difference as well.
      return undefined
    }
  }
  return [...new Set([...files(a), ...files(b)])].filter((f) => text(join(a, f)) !== text(join(b, f))).sort()
}

const generatedProto = (): Promise<string> =>
  scratch(async (dir) => {
    const problem = await output('buf', 'generate', '-o', dir)
    if (problem) return problem
    const stale = differences(join(dir, 'shared/gen'), 'shared/gen')
    return stale.length ? `shared/gen does not match proto/: ${stale.join(', ')}\nRun “bun run gen”.` : ''
  })

const migrations = (): Promise<string> =>
  scratch(async (dir) => {
    const stale: string[] = []
    for (const [name, dialect] of [
      ['sqlite', 'sqlite'],
      ['postgres', 'postgresql'],
      ['mysql', 'mysql'],
    ] as const) {
      cpSync(`server/db/migrations/${name}`, join(dir, name), { recursive: true })
      const before = readdirSync(join(dir, name)).length
      const schema = `./server/db/schema.${name}.ts`
      const flags = ['--dialect', dialect, '--schema', schema, '--out', join(dir, name), '--casing', 'snake_case']
      const problem = await output('drizzle-kit', 'generate', ...flags)
      if (problem) return problem
      if (readdirSync(join(dir, name)).length !== before) stale.push(name)
    }
    return stale.length
      ? `The tables changed and the migrations for ${stale.join(', ')} did not.\nRun “bun run migrations”.`
      : ''
  })

/** Everything that is looked at without running the product. Quick ones first. */
export const checks: Check[] = [
  { name: 'format', find: () => output('bun', '--no-script', 'fmt', '--check') },
  { name: 'types', find: () => output('bun', '--no-script', 'check') },
  { name: 'lint', find: () => output('oxlint', '--deny-warnings') },
  { name: 'imports', find: () => output('bun', 'test/check/imports.ts') },
  { name: 'proto lint', find: () => output('buf', 'lint') },
  { name: 'generated protobuf', find: generatedProto },
  { name: 'migrations', find: migrations },
]

/** Runs all checks and prints what is wrong. @returns how many passed and failed */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  let failed = 0
  for (const check of checks) {
    const problem = await check.find()
    if (!problem) continue
    failed++
    console.log(`\n✗ ${check.name}\n${problem.split('\n').slice(0, 60).join('\n')}\n`)
  }
  return { passed: checks.length - failed, failed }
}
