import { NekodeError, errorText } from '@shared/errors'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { z } from 'zod'
import { CHECKSUMS, Checksums, FORMAT, MANIFEST, Manifest, corrupt, isEntryName } from './format'

/** Bytes of an entry that has to be in memory as a whole: parts of tables have about one megabyte, and a row of them can be bigger. */
const MAX_PART = 512 << 20

export interface Entry {
  name: string
  sizeBytes: number
  chunks(): AsyncIterable<Uint8Array>
}

/** The entries of a backup in their order, each to be read before the next. Throws `backup_corrupt`, `backup_unreadable`. */
export async function* readBackup(path: string): AsyncGenerator<Entry, undefined> {
  await checkReadable(path)
  const { extract: createExtract } = await import('tar-stream')
  const { createZstdDecompress } = await import('node:zlib')
  const { pipeline } = await import('node:stream/promises')
  const extract = createExtract()
  let failure: unknown
  const reading = pipeline(createReadStream(path), createZstdDecompress(), extract).catch((error: unknown) => {
    failure = error
  })
  try {
    for await (const entry of extract) {
      const { name, type, size = 0 } = entry.header
      if (type !== 'file' || !isEntryName(name))
        throw corrupt(`it has an entry ${JSON.stringify(name)} that belongs into none`)
      yield { name, sizeBytes: size, chunks: () => bytesOf(entry) }
      entry.resume()
    }
  } catch (error) {
    throw error instanceof NekodeError ? error : corrupt(errorText(error), error)
  } finally {
    extract.destroy()
    await reading
  }
  if (failure !== undefined) throw corrupt(errorText(failure), failure)
}

async function* bytesOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, undefined> {
  try {
    for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk
  } catch (error) {
    // An entry that the file has not to its end.
    throw corrupt(errorText(error), error)
  }
}

async function checkReadable(path: string): Promise<void> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new NekodeError('invalid', `The backup ${path} cannot be read: ${errorText(cause)}`, {
      code: 'backup_unreadable',
      next: 'Check its name, and that this user may read it.',
      cause,
    })
  })
  // It is read more than once: first to check all of it.
  if (!info.isFile())
    throw new NekodeError('invalid', `${path} is no file.`, {
      code: 'backup_unreadable',
      next: 'Name a backup’s file.',
    })
}

export async function textOf(entry: Entry): Promise<string> {
  if (entry.sizeBytes > MAX_PART) throw corrupt(`${entry.name} is too big`)
  const chunks: Uint8Array[] = []
  for await (const chunk of entry.chunks()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Reads all of a backup and holds it to its checksums.
 * @throws NekodeError `backup_corrupt`, `backup_newer`
 */
export async function verifyBackup(path: string): Promise<{ manifest: Manifest; checksums: Checksums }> {
  let manifest: Manifest | undefined
  let checksums: Checksums | undefined
  const seen: Checksums['entries'] = {}
  for await (const entry of readBackup(path)) {
    if (checksums) throw corrupt('it goes on after its end')
    if (entry.name === CHECKSUMS) {
      checksums = parse(Checksums, await textOf(entry), entry.name)
      continue
    }
    if (seen[entry.name]) throw corrupt(`it has ${entry.name} twice`)
    const hash = new Bun.CryptoHasher('sha256')
    let sizeBytes = 0
    let text = ''
    for await (const chunk of entry.chunks()) {
      hash.update(chunk)
      sizeBytes += chunk.length
      if (entry.name === MANIFEST) text += Buffer.from(chunk).toString('latin1')
    }
    seen[entry.name] = { sha256: hash.digest('hex'), sizeBytes }
    if (entry.name === MANIFEST) manifest = parseManifest(Buffer.from(text, 'latin1').toString('utf8'))
    else if (!manifest) throw corrupt('it does not begin like a backup of Nekode')
  }
  if (!manifest || !checksums) throw corrupt('it ends too early')
  for (const [name, sum] of Object.entries(checksums.entries))
    if (seen[name]?.sha256 !== sum.sha256 || seen[name].sizeBytes !== sum.sizeBytes)
      throw corrupt(`${name} is not what was written`)
  const extra = Object.keys(seen).find((name) => !checksums.entries[name])
  if (extra !== undefined) throw corrupt(`${extra} was added later`)
  return { manifest, checksums }
}

function parseManifest(text: string): Manifest {
  const { formatVersion, version } = parse(Manifest.partial(), text, MANIFEST)
  if (formatVersion !== undefined && formatVersion > FORMAT)
    throw new NekodeError('precondition', `The backup was made by a newer Nekode (${version ?? 'unknown'}).`, {
      code: 'backup_newer',
      next: 'Restore it with that version or a later one.',
    })
  return parse(Manifest, text, MANIFEST)
}

function parse<T extends z.ZodType>(schema: T, text: string, name: string): z.output<T> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw corrupt(`${name} is not JSON`, cause)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw corrupt(`${name} has another form than expected`, parsed.error)
  return parsed.data
}
