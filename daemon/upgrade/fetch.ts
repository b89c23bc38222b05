import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { errorText, NekodeError } from '@shared/errors'
import { get, type Release, type ReleaseSources } from './release'

/** A daemon has some hundred megabytes; more than this is none. */
const MAX_BYTES = 1024 ** 3
/** A download that brings nothing for so long is given up. */
const SILENCE_MS = 60_000
const TRIES = 3

/**
 * Downloads an archive, and refuses one whose checksum is not the one that was promised.
 * @throws NekodeError unavailable `download_failed`, or precondition `checksum_mismatch`; there is no file then
 */
export async function download(release: Release, target: string, sources: ReleaseSources): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const actual = await save(`${release.place}/${release.name}`, target, sources)
      if (actual === release.sha256) return
      throw new NekodeError(
        'precondition',
        `The checksum of ${release.name} does not match, so nothing was changed: expected ${release.sha256}, received ${actual}.`,
        {
          code: 'checksum_mismatch',
          next: 'The download was damaged or tampered with. Try again; if it stays, tell the admin of the server.',
        },
      )
    } catch (error) {
      await rm(target, { force: true })
      if (attempt === TRIES || !(error instanceof NekodeError) || error.code !== 'download_failed') throw error
      await Bun.sleep(500 * attempt)
    }
  }
}

/** @returns the checksum of what was written */
async function save(url: string, target: string, sources: ReleaseSources): Promise<string> {
  const silent = new AbortController()
  const beat = () => setTimeout(() => silent.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  let timer = beat()
  const hasher = new Bun.CryptoHasher('sha256')
  const file = await open(target, 'w', 0o600)
  try {
    const response = await get(url, sources, silent.signal)
    let size = 0
    for await (const piece of response.body ?? []) {
      clearTimeout(timer)
      timer = beat()
      size += piece.length
      if (size > MAX_BYTES) throw new NekodeError('precondition', `${url} is too large.`, { code: 'download_refused' })
      hasher.update(piece)
      await file.writeFile(piece)
    }
    return hasher.digest('hex')
  } catch (cause) {
    if (cause instanceof NekodeError) throw cause
    throw new NekodeError('unavailable', `${url} cannot be downloaded: ${errorText(cause)}`, {
      code: 'download_failed',
      next: 'Nothing was changed. Check the network and the room on the disk, and try again.',
      cause,
    })
  } finally {
    clearTimeout(timer)
    await file.close()
  }
}

/**
 * Takes the daemon out of an archive. The archive is as the release made it, so what else it holds is passed over.
 * @throws NekodeError precondition `archive_invalid`; there is no file then
 */
export async function unpack(archive: string, target: string): Promise<void> {
  try {
    const found = archive.endsWith('.zip') ? await unzip(archive, target) : await untar(archive, target)
    if (!found) throw new Error('it holds no nekode-daemon')
  } catch (cause) {
    await rm(target, { force: true })
    throw new NekodeError('precondition', `The archive cannot be unpacked: ${errorText(cause)}`, {
      code: 'archive_invalid',
      next: 'Nothing was changed. Tell the admin of the server.',
      cause,
    })
  }
}

async function untar(archive: string, target: string): Promise<boolean> {
  const { extract } = await import('tar-stream')
  const reader = extract()
  let found = false
  reader.on('entry', ({ name, type }, stream, next) => {
    if (found || type !== 'file' || !/(?:^|\/)nekode-daemon(?:\.exe)?$/.test(name)) {
      stream.on('end', next)
      stream.resume()
      return
    }
    found = true
    pipeline(stream, createWriteStream(target, { mode: 0o700 })).then(() => next(), next)
  })
  await pipeline(createReadStream(archive), createGunzip(), reader)
  return found
}

/** Windows has a tar that reads zip archives since version 1803. */
async function unzip(archive: string, target: string): Promise<boolean> {
  const tar = Bun.spawn(['tar.exe', '-xOf', archive, '*/nekode-daemon.exe'], {
    stdout: Bun.file(target),
    stderr: 'pipe',
  })
  const said = await new Response(tar.stderr).text()
  if ((await tar.exited) !== 0) throw new Error(said.trim())
  return Bun.file(target).size > 0
}
