import { GROUP_NAMES, type Mention } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Directory } from '../directory/directory'

/** Not said by the writer: code blocks, inline code, and quoted lines, in which an agent would call whoever somebody else called. */
const NOT_SAID = /```[\s\S]*?(?:```|(?![\s\S]))|~~~[\s\S]*?(?:~~~|(?![\s\S]))|`[^`\n]*`|^ {0,3}>.*$/gm
/** Nor is the `@` of e-mail addresses and package names a mention. */
const HANDLE = /(?<![A-Za-z0-9_@/.-])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)(?![\p{N}\p{Ll}_@/]|[.-][\p{L}\p{N}])/giu

/** Everybody that a text mentions as `@name`, each once, in order. Names that nobody has are just text. */
export function findMentions(content: string, directory: Directory): Mention[] {
  if (!content.includes('@')) return []
  const found = new Map<string, Mention>()
  for (const name of namesIn(content)) {
    const who = directory.byHandle(name)
    if (who) found.set(who.id, { kind: who.kind, id: who.id, name })
  }
  return [...found.values()]
}

/** `@channel` and `@here` in a text, unless somebody has that name. */
export function findGroups(content: string, channelId: string, directory: Directory): Mention[] {
  if (!content.includes('@')) return []
  const names = new Set(namesIn(content))
  return GROUP_NAMES.filter((name) => names.has(name) && !directory.byHandle(name)).map((name) => ({
    kind: 'channel',
    id: channelId,
    name,
  }))
}

/**
 * A message as its sender wrote it, with those in front whom a program names apart from the text.
 * @throws NekodeError forbidden `sender_mismatch`, invalid `mention_unknown`
 */
export function spoken(
  by: { name: string },
  {
    content,
    mentions = [],
    sender = by.name,
  }: { content: string; mentions?: string[] | undefined; sender?: string | undefined },
  directory: Directory,
): string {
  if (sender !== by.name)
    throw new NekodeError('forbidden', `You write as @${by.name}, not as @${sender}.`, {
      code: 'sender_mismatch',
      next: 'Leave “sender” out, or use a token of theirs.',
    })
  const unknown = mentions.find((name) => !directory.byHandle(name) && !GROUP_NAMES.some((group) => group === name))
  if (unknown !== undefined)
    throw new NekodeError('invalid', `There is nobody of the name @${unknown}.`, { code: 'mention_unknown' })
  const said = new Set(namesIn(content))
  const missing = [...new Set(mentions)].filter((name) => !said.has(name))
  return [...missing.map((name) => `@${name}`), content].join(' ')
}

const namesIn = (content: string): string[] =>
  Array.from(content.replace(NOT_SAID, ' ').matchAll(HANDLE), (match) => (match[1] ?? '').toLowerCase())
