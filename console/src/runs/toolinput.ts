/** One of the names that runtimes have for the same thing, when it is text. */
function field(input: unknown, ...names: string[]): unknown {
  if (typeof input !== 'object' || input === null) return undefined
  const entries = new Map<string, unknown>(Object.entries(input))
  return names.map((name) => entries.get(name)).find((value) => value !== undefined)
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** A command line, whether the runtime gives it as text or as a list of words. */
export function commandOf(input: unknown): string | undefined {
  const command = field(input, 'command', 'cmd')
  if (isText(command)) return command
  return Array.isArray(command) ? command.map(String).join(' ') : undefined
}

const marked = (mark: string, text: string) => text.split('\n').map((line) => mark + line)

/** The change of a file that a tool was asked for: its whole new content, or one text in the place of another. */
export function changeOf(input: unknown): { path: string; diff: string } | undefined {
  const path = field(input, 'path', 'file_path', 'filePath')
  if (!isText(path)) return undefined
  const content = field(input, 'content', 'contents')
  if (isText(content)) return { path, diff: content }
  const before = field(input, 'old_string', 'oldText', 'old_text')
  const after = field(input, 'new_string', 'newText', 'new_text')
  if (!isText(before) || !isText(after)) return undefined
  return { path, diff: ['@@ -1 +1 @@', ...marked('-', before), ...marked('+', after)].join('\n') }
}

/** Anything else, to read. Undefined when there is nothing. */
export function textOf(input: unknown): string | undefined {
  if (input === undefined || input === null) return undefined
  return isText(input) ? input : JSON.stringify(input, null, 2)
}
