import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NekodeError } from '@shared/errors'
import { z } from 'zod'
import { currentText, fileDiff } from '../diff'
import type { FileDiff, ToolKind } from '../events'
import { clip } from '../lines'
import { inWorkspace, shown } from './files'

export interface ToolContext {
  workspace: string
  signal: AbortSignal
  /** Output of a tool that is still running. */
  onOutput(text: string): void
}

export interface ToolOutput {
  text: string
  diff?: FileDiff[]
  failed?: boolean
}

/** A tool of the built-in agent with its input parsed: what it is about to do, and doing it. */
export interface PreparedCall {
  title: string
  /** What it would change, shown with the question for permission. */
  diff?: FileDiff[]
  /** @throws whatever went wrong; the model is told */
  run(): Promise<ToolOutput> | ToolOutput
}

export interface Tool {
  name: string
  description: string
  kind: ToolKind
  /** JSON schema for the model. */
  schema: Record<string, unknown>
  /** The tools of the daemon's own MCP server check every call themselves. */
  asks: boolean
  /** @throws ZodError when the input does not fit, NekodeError when it cannot be done */
  prepare(input: unknown, context: ToolContext): PreparedCall
}

/** A tool whose input is parsed by its schema. */
export function tool<Input extends z.ZodObject>(spec: {
  name: string
  description: string
  kind: ToolKind
  input: Input
  prepare(input: z.infer<Input>, context: ToolContext): PreparedCall
}): Tool {
  const { name, description, kind, input } = spec
  const prepare = (value: unknown, context: ToolContext) => spec.prepare(input.parse(value), context)
  return { name, description, kind, schema: z.toJSONSchema(input, { target: 'draft-7' }), asks: true, prepare }
}

const MAX_READ = 200_000
/** The whole file is read to find its lines, and the daemon has other agents to hold in memory. In bytes. */
const MAX_FILE = 32 * 1024 * 1024
const MAX_LISTED = 1000
const MAX_MATCHES = 200
const MAX_SEARCHED = 1024 * 1024
/** Never worth a look by themselves; a path into them can still be named. */
const SKIPPED = new Set(['.git', 'node_modules', '.venv', '__pycache__'])

const Path = z.string().min(1).describe('Path in the workspace, relative to it')

const readFile = tool({
  name: 'read_file',
  description: 'Read a text file of the workspace.',
  kind: 'read',
  input: z.object({
    path: Path,
    offset: z.number().int().min(1).optional().describe('First line, from 1'),
    limit: z.number().int().min(1).optional().describe('Number of lines'),
  }),
  prepare: ({ path, offset, limit }, { workspace }) => ({
    title: path,
    run() {
      const file = inWorkspace(workspace, path)
      const size = statSync(file, { throwIfNoEntry: false })
      if (!size) throw new NekodeError('not_found', `${path} does not exist.`)
      if (!size.isFile()) throw new NekodeError('invalid', `${path} is a folder. Use list_files.`)
      if (size.size > MAX_FILE)
        throw new NekodeError('too_large', `${path} is too big to be read. Use run_command to take a part of it.`)
      const bytes = readFileSync(file)
      if (bytes.subarray(0, 8000).includes(0)) throw new NekodeError('invalid', `${path} is not a text file.`)
      const lines = bytes.toString('utf8').split('\n')
      const start = (offset ?? 1) - 1
      return { text: clip(lines.slice(start, limit === undefined ? undefined : start + limit).join('\n'), MAX_READ) }
    },
  }),
})

const listFiles = tool({
  name: 'list_files',
  description: 'List files and folders of the workspace. Folders end with a slash.',
  kind: 'read',
  input: z.object({ path: Path.optional(), recursive: z.boolean().optional() }),
  prepare: ({ path = '.', recursive = false }, { workspace }) => ({
    title: path,
    run() {
      const root = inWorkspace(workspace, path)
      if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
        throw new NekodeError('not_found', `${path} is not a folder.`)
      const found: string[] = []
      for (const file of walk(root, recursive)) {
        found.push(shown(workspace, file) + (file.endsWith('/') ? '/' : ''))
        if (found.length === MAX_LISTED) break
      }
      const more = found.length === MAX_LISTED ? '\n(more files are not listed)' : ''
      return { text: found.length > 0 ? found.join('\n') + more : '(empty)' }
    },
  }),
})

const search = tool({
  name: 'search',
  description: 'Find lines that contain a text in the files of the workspace.',
  kind: 'search',
  input: z.object({
    text: z.string().min(1).describe('Literal text, not a pattern'),
    path: Path.optional(),
    files: z.string().optional().describe('Only files whose name matches this glob, e.g. *.ts'),
    ignoreCase: z.boolean().optional(),
  }),
  prepare: ({ text, path = '.', files, ignoreCase = false }, { workspace, signal }) => ({
    title: text,
    async run() {
      const glob = files ? new Bun.Glob(files) : undefined
      const wanted = ignoreCase ? text.toLowerCase() : text
      const found: string[] = []
      let looked = 0
      for (const file of walk(inWorkspace(workspace, path), true)) {
        // The daemon has other agents to serve meanwhile.
        if (++looked % 100 === 0) await Bun.sleep(0)
        signal.throwIfAborted()
        const name = shown(workspace, file)
        if (file.endsWith('/') || (glob && !glob.match(name) && !glob.match(name.slice(name.lastIndexOf('/') + 1))))
          continue
        if (statSync(file).size > MAX_SEARCHED) continue
        for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
          if (!(ignoreCase ? line.toLowerCase() : line).includes(wanted)) continue
          found.push(`${name}:${index + 1}: ${clip(line.trim(), 300)}`)
          if (found.length === MAX_MATCHES) return { text: `${found.join('\n')}\n(more matches are not shown)` }
        }
      }
      return { text: found.join('\n') || 'No match.' }
    },
  }),
})

const writeFile = tool({
  name: 'write_file',
  description: 'Write a whole file of the workspace: make it, or replace what is in it.',
  kind: 'edit',
  input: z.object({ path: Path, content: z.string() }),
  prepare({ path, content }, { workspace }) {
    const file = inWorkspace(workspace, path)
    return change(workspace, path, currentText(file), content)
  },
})

const editFile = tool({
  name: 'edit_file',
  description:
    'Replace a text in a file of the workspace. The old text must be there exactly once, unless all is true.',
  kind: 'edit',
  input: z.object({ path: Path, old_text: z.string().min(1), new_text: z.string(), all: z.boolean().optional() }),
  prepare({ path, old_text: old, new_text: text, all = false }, { workspace }) {
    const file = inWorkspace(workspace, path)
    const before = currentText(file)
    if (before === null) throw new NekodeError('not_found', `${path} does not exist, or is too big to edit.`)
    const parts = before.split(old)
    if (parts.length === 1) throw new NekodeError('invalid', `The old text is not in ${path}. Read the file again.`)
    if (parts.length > 2 && !all)
      throw new NekodeError(
        'invalid',
        `The old text is in ${path} ${parts.length - 1} times. Give more of it, or set all.`,
      )
    return change(workspace, path, before, parts.join(text))
  },
})

function change(workspace: string, path: string, before: string | null, after: string): PreparedCall {
  const diff = [fileDiff(path, before, after)]
  return {
    title: path,
    diff,
    run() {
      // The answer to the question may have taken long: look again where the path leads and what is there.
      const file = inWorkspace(workspace, path)
      if (currentText(file) !== before)
        throw new NekodeError('conflict', `${path} was changed by someone else meanwhile. Read it again.`)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, after)
      return { text: before === null ? `Wrote ${path}.` : `Changed ${path}.`, diff }
    },
  }
}

/** Files, and folders with a slash at the end. Links are left out. */
function* walk(dir: string, recursive: boolean): Generator<string> {
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))
  for (const entry of entries) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) {
      yield `${path}/`
      if (recursive && !SKIPPED.has(entry.name)) yield* walk(path, recursive)
    } else if (entry.isFile()) yield path
  }
}

export const FILE_TOOLS: readonly Tool[] = [readFile, listFiles, search, writeFile, editFile]
