import { existsSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import type { MachineFile } from './machine'

const MAX_NAME_BYTES = 200

/**
 * Saves files under their names; one that is taken gets a number.
 * @returns their paths
 * @throws NekodeError invalid for a name that is none
 */
export async function saveFiles(folder: string, files: MachineFile[]): Promise<string[]> {
  const paths: string[] = []
  for (const { name, data } of files) {
    const path = freePath(folder, safeName(name))
    await Bun.write(path, data)
    paths.push(path)
  }
  return paths
}

function safeName(given: string): string {
  // Without what is a folder on one system or another, and without control characters.
  const name = basename(given.replaceAll('\\', '/')).replace(/\p{Cc}/gu, '')
  if (!name || name === '.' || name === '..' || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new NekodeError('invalid', 'A file has no name that can be used.', { code: 'bad_filename' })
  return name
}

function freePath(folder: string, name: string): string {
  const end = extname(name)
  const start = name.slice(0, name.length - end.length)
  for (let number = 0; ; number++) {
    const path = join(folder, number === 0 ? name : `${start} (${number})${end}`)
    if (!existsSync(path)) return path
  }
}
