import { constants, type FSWatcher, watch } from 'node:fs'
import { lstat, open, readdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { FileEntry, Settings } from '../protocol/types'
import { allowsPlugin } from './profile'
import { badRequest, forbidden, notFound } from './refusal'
import type { Session } from './session'
import type { Sessions } from './sessions'

/** Files that are told of. */
const LISTED = 1000
/** Changes in the folder are told together. */
const QUIET_MS = 300

/** One folder of the machine, the files of which those in the room give each other. */
export class Files {
  private readonly watcher: FSWatcher | undefined
  private pending: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly room: { readonly settings: Settings; readonly sessions: Sessions; readonly log: Logger },
    private readonly folder: string | undefined,
  ) {
    if (folder === undefined) return
    try {
      this.watcher = watch(folder, () => this.changed())
      this.watcher.on('error', (error) => room.log.debug('the folder is not watched', { error: errorText(error) }))
    } catch (error) {
      // Without it a list is as old as the last request for one.
      room.log.debug('the folder is not watched', { error: errorText(error) })
    }
  }

  private changed(): void {
    clearTimeout(this.pending)
    this.pending = setTimeout(() => void this.tellAll(), QUIET_MS)
  }

  isOn({ profile }: Session): boolean {
    return this.folder !== undefined && allowsPlugin(this.room.settings.plugins, profile, 'filetransfer.enabled')
  }

  async tell(session: Session): Promise<void> {
    const files = await this.list()
    this.send(session, files)
  }

  async tellAll(): Promise<void> {
    const files = await this.list()
    for (const session of this.room.sessions.list()) this.send(session, files)
  }

  private send(session: Session, files: FileEntry[]): void {
    const isOn = this.isOn(session)
    session.send('filetransfer/update', {
      enabled: isOn,
      root_dir: isOn ? (this.folder ?? '') : '',
      user_download: true,
      user_upload: true,
      user_delete: true,
      files: isOn ? files : [],
    })
  }

  /** @throws Refusal 403 */
  private demand(session: Session): string {
    if (this.folder === undefined || !this.isOn(session)) throw forbidden('file transfer is disabled')
    return this.folder
  }

  private async list(): Promise<FileEntry[]> {
    if (this.folder === undefined) return []
    try {
      const found = await readdir(this.folder, { withFileTypes: true })
      const shown = found.filter((one) => one.isFile() || one.isDirectory()).slice(0, LISTED)
      return await Promise.all(shown.map((one) => this.entry(one.name, one.isDirectory())))
    } catch (error) {
      this.room.log.debug('the files could not be listed', { error: errorText(error) })
      return []
    }
  }

  private async entry(name: string, isFolder: boolean): Promise<FileEntry> {
    if (isFolder) return { name, type: 'dir' }
    const found = await lstat(join(this.folder ?? '', name)).catch(() => undefined)
    return { name, type: 'file', ...(found ? { size: found.size } : {}) }
  }

  /** @throws Refusal 400 for a name that is none, 404 */
  async read(session: Session, name: string | undefined): Promise<{ name: string; file: Blob }> {
    const path = join(this.demand(session), plain(name))
    const found = await lstat(path).catch(() => undefined)
    // Nor what a link points to, which may lie anywhere.
    if (!found?.isFile()) throw notFound('file not found')
    return { name: plain(name), file: Bun.file(path) }
  }

  async write(session: Session, files: { name: string; data: Blob }[]): Promise<void> {
    const folder = this.demand(session)
    for (const file of files) {
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
      const handle = await open(join(folder, plain(file.name)), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644)
      try {
        for await (const piece of file.data.stream()) await handle.write(piece)
      } finally {
        await handle.close()
      }
    }
    this.changed()
  }

  async remove(session: Session, name: string | undefined): Promise<void> {
    const path = join(this.demand(session), plain(name))
    const found = await lstat(path).catch(() => undefined)
    if (!found?.isFile()) throw notFound('file not found')
    await unlink(path)
    this.changed()
  }

  close(): void {
    clearTimeout(this.pending)
    this.watcher?.close()
  }
}

/** The name of a file in the folder itself. */
function plain(name: string | undefined): string {
  if (!name || name === '.' || name === '..' || basename(name) !== name || name.includes('\0') || name.length > 255)
    throw badRequest('bad filename')
  return name
}
