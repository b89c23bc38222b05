import { createStore } from 'solid-js/store'
import type { AttachmentBrief } from '@shared/contract'
import { t } from '../i18n'
import { onRestart } from '../store/feed'
import { ownKey } from '../store/kept'
import { keep, keptKeys, readKeptJson } from '../store/local'
import { state } from '../store/state'
import { toast } from '../ui/toast'
import type { FileUpload } from './machine'
import { cancelUpload, forgetUpload, onSettled, takeUploaded, upload, uploads } from './uploads'

/** Files that one message carries at most; the contract says the same. */
export const mostFiles = 20
/** The server keeps what no message carries for a day. */
const keptMs = 23 * 3600_000

/** Uploads beside what is being written, by conversation. */
const [trays, setTrays] = createStore<Record<string, string[]>>({})

export const trayOf = (key: string): FileUpload[] => (trays[key] ?? []).flatMap((id) => uploads[id] ?? [])

/** Begins to upload files for the message that is being written. */
export function addFiles(key: string, target: string, files: readonly File[]): void {
  const room = mostFiles - (trays[key]?.length ?? 0)
  if (files.length > room) toast('bad', t('upload.tooMany', { n: mostFiles }))
  const ids = files.slice(0, Math.max(0, room)).map((file) => upload(target, file))
  if (ids.length > 0) setTrays(key, (list = []) => [...list, ...ids])
}

export function removeFile(key: string, id: string): void {
  setTrays(key, (list = []) => list.filter((each) => each !== id))
  cancelUpload(id)
  keepTray(key)
}

/** Empties the tray into a message. */
export function takeTray(key: string): string[] {
  const ids = trays[key] ?? []
  setTrays(key, [])
  keepTray(key)
  return [...ids]
}

interface Kept {
  at: number
  target: string
  attachment: AttachmentBrief
}
const prefix = () => ownKey('files.')
const isKept = (value: unknown): value is Kept[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && 'attachment' in each)

/** What is on the server already is still there after a reload. */
function keepTray(key: string): void {
  const done = trayOf(key).flatMap(({ target, attachment }) =>
    attachment ? [{ at: Date.now(), target, attachment }] : [],
  )
  keep(prefix() + key, done.length > 0 ? JSON.stringify(done) : null)
}

onSettled((id) => {
  for (const [key, ids] of Object.entries(trays)) if (ids.includes(id)) keepTray(key)
})

function restore(): void {
  for (const [key, ids] of Object.entries(trays)) {
    for (const id of ids) forgetUpload(id)
    setTrays(key, [])
  }
  if (!state.me) return
  for (const stored of keptKeys(prefix())) {
    const files = readKeptJson(stored, isKept)?.filter(({ at }) => Date.now() - at < keptMs) ?? []
    const ids = files.map(({ target, attachment }) => takeUploaded(target, attachment))
    setTrays(stored.slice(prefix().length), ids)
  }
}

let reader = ''
function begin(): void {
  if (reader === (state.me?.id ?? '')) return
  reader = state.me?.id ?? ''
  restore()
}
onRestart(begin)
if (state.phase === 'ready') begin()
