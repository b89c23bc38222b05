import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundled } from '../http/assets'

/** How the daemon is started on this computer. */
export interface DaemonProgram {
  argv: string[]
  env: Record<string, string>
}

/**
 * The daemon that belongs to this server. A released server carries it as one file and runs it by itself: every executable that Bun
 * made is also a whole Bun (`BUN_BE_BUN`), so no second download is needed.
 * @param folder where the file is put, with a `nekode-daemon` that starts it
 */
export function daemonProgram(folder: string): DaemonProgram {
  if (!Bun.isStandaloneExecutable)
    return wrapped(folder, { argv: [process.execPath, join(import.meta.dir, '../../daemon/main.ts')], env: {} })
  const code = Bun.zstdDecompressSync(readFileSync(bundled('daemon.js.zst')))
  const name = `${new Bun.CryptoHasher('sha256').update(code).digest('hex').slice(0, 16)}.js`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const old of readdirSync(folder)) if (old.endsWith('.js') && old !== name) rmSync(join(folder, old))
  const path = join(folder, name)
  if (!existsSync(path)) {
    writeFileSync(`${path}.new`, code, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return wrapped(folder, { argv: [process.execPath, path], env: { BUN_BE_BUN: '1' } })
}

/** Adds an executable `nekode-daemon` for what the daemon starts: agents call it, and it is not on anybody's PATH otherwise. */
function wrapped(folder: string, program: DaemonProgram): DaemonProgram {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const windows = process.platform === 'win32'
  const path = join(folder, windows ? 'nekode-daemon.cmd' : 'nekode-daemon')
  writeFileSync(path, windows ? batch(program) : shell(program), { mode: 0o700 })
  chmodSync(path, 0o700)
  return { ...program, env: { ...program.env, NEKODE_DAEMON_PROGRAM: path } }
}

function shell({ argv, env }: DaemonProgram): string {
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)} `)
  return `#!/bin/sh\n${variables.join('')}exec ${argv.map(quote).join(' ')} "$@"\n`
}

function batch({ argv, env }: DaemonProgram): string {
  const variables = Object.entries(env).map(([name, value]) => `set "${name}=${value}"\r\n`)
  return `@echo off\r\n${variables.join('')}${argv.map((word) => `"${word}"`).join(' ')} %*\r\n`
}
