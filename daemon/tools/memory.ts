import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { isInside } from '../workspace/workspace'

const MAIN = 'MEMORY.md'
const NOTE = /^notes\/[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*\.md$/
/** UTF-16 code units. Memory is read at the start of work; what is longer is not memory any more. */
const MAX_LENGTH = 100_000

export interface Memory {
  text: string
  /** Of the text as it is now: what an update has to name. */
  hash: string
  /** Files below notes/. */
  notes: string[]
}

/** @throws NekodeError for a file that is not memory, or is not there */
export function readMemory(workspace: string, file: string = MAIN): Memory {
  const path = place(workspace, file)
  if (!existsSync(path)) {
    if (file !== MAIN) throw new NekodeError('not_found', `There is no ${file}.`, { next: listed(workspace) })
    return { text: '', hash: hashOf(''), notes: notesOf(workspace) }
  }
  if (statSync(path).size > MAX_LENGTH * 4)
    throw new NekodeError('too_large', `${file} is too long to be read as memory.`, {
      next: 'Read parts of it as a file.',
    })
  const text = readFileSync(path, 'utf8')
  return { text, hash: hashOf(text), notes: notesOf(workspace) }
}

/**
 * Writes memory when it is still what the writer has read: two turns, or a person, may have changed it meanwhile.
 * @returns the hash of the new text
 * @throws NekodeError conflict with the present text when it is not
 */
export function updateMemory(workspace: string, change: { file?: string; text: string; hash: string }): string {
  const { file = MAIN, text, hash } = change
  if (text.length > MAX_LENGTH)
    throw new NekodeError('too_large', `Memory holds at most ${MAX_LENGTH} characters a file.`, {
      next: 'Keep what matters and put details into files below notes/.',
    })
  const path = place(workspace, file)
  const current = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (hashOf(current) !== hash)
    throw new NekodeError('conflict', `${file} has changed since you read it.`, {
      next: `Put your change into the present text and write it with hash ${hashOf(current)}. Present text:\n\n${current}`,
    })
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${crypto.randomUUID()}.tmp`
  try {
    writeFileSync(temporary, text)
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  return hashOf(text)
}

function place(workspace: string, file: string): string {
  const isMemory = (file === MAIN || NOTE.test(file)) && isInside(workspace, file)
  if (isMemory) return join(workspace, file)
  throw new NekodeError('invalid', `${file} is not memory.`, {
    next: 'Name MEMORY.md or a Markdown file below notes/.',
  })
}

function notesOf(workspace: string): string[] {
  const folder = join(workspace, 'notes')
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (name) => `notes/${name.replaceAll('\\', '/')}`,
  )
  return names
    .filter((name) => NOTE.test(name))
    .sort()
    .slice(0, 200)
}

const listed = (workspace: string): string => `There are: ${[MAIN, ...notesOf(workspace)].join(', ')}.`

const hashOf = (text: string): string => new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 16)
