/** A message that is an order: `/remind tomorrow 9:00: stand-up`. A path such as `/usr/bin` is none. */
export function parseCommand(text: string): { name: string; rest: string } | undefined {
  const match = /^\/([a-z]{1,20})(?:\s+([\s\S]*))?$/i.exec(text.trim())
  return match ? { name: (match[1] ?? '').toLowerCase(), rest: (match[2] ?? '').trim() } : undefined
}

const handle = '[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?'

/** `@name rest`; the `@` may be left out where only a name can stand. */
export function leadingName(text: string): { name: string; rest: string } | undefined {
  const match = new RegExp(`^@?(${handle})(?:\\s+([\\s\\S]*))?$`, 'i').exec(text.trim())
  return match ? { name: (match[1] ?? '').toLowerCase(), rest: (match[2] ?? '').trim() } : undefined
}

export interface ReminderOrder {
  /** `me`, a handle, or undefined for the usual. */
  who: string | undefined
  when: string
  what: string
}

/** When, and what: a colon with a space, a dash, a new line, or ` to ` stand between them. `9:00` holds no such colon. */
const between = /^([\s\S]{1,200}?)(?::\s+|：\s*|\s+[-–—]+\s+|\n+|\s+to\s+)([\s\S]+)$/i

/** `[me | @name] when: what`. */
export function parseReminder(rest: string): ReminderOrder | undefined {
  const lead = /^(?:(me)\b|@(\S+))\s+/i.exec(rest)
  const match = between.exec(rest.slice(lead?.[0].length ?? 0))
  const [, when = '', what = ''] = match ?? []
  if (!when.trim() || !what.trim()) return undefined
  return { who: lead ? (lead[1] ?? lead[2] ?? '').toLowerCase() : undefined, when: when.trim(), what: what.trim() }
}

const priorities = ['urgent', 'high', 'medium', 'low'] as const

export interface TaskOrder {
  summary: string
  description: string
  assignee: string | undefined
  priority: (typeof priorities)[number] | undefined
}

/** `what is to be done @who !high`; what follows the first line describes it. */
export function parseTask(rest: string): TaskOrder | undefined {
  const [first = '', ...lines] = rest.split('\n')
  let assignee: string | undefined
  let priority: TaskOrder['priority']
  const words = first.split(/\s+/).filter((word) => {
    const name = new RegExp(`^@(${handle})$`, 'i').exec(word)?.[1]
    if (name && !assignee) {
      assignee = name.toLowerCase()
      return false
    }
    const wanted = priorities.find((each) => word.toLowerCase() === `!${each}`)
    if (wanted) priority = wanted
    return !wanted
  })
  const summary = words.join(' ').trim()
  return summary ? { summary, description: lines.join('\n').trim(), assignee, priority } : undefined
}

/** `title` and, on the next lines, what it means. */
export function parseDecision(rest: string): { title: string; body: string } | undefined {
  const [title = '', ...lines] = rest.split('\n')
  if (!title.trim()) return undefined
  return { title: title.trim(), body: lines.join('\n').trim() || title.trim() }
}

export interface DebateOrder {
  names: [string, string]
  topic: string
  turns: number | undefined
}

/** `@one @other topic`, with the number of turns as `x8` before the topic where it matters. */
export function parseDebate(rest: string): DebateOrder | undefined {
  const match = new RegExp(`^@(${handle})\\s+@(${handle})\\s+(?:x(\\d{1,2})\\s+)?([\\s\\S]+)$`, 'i').exec(rest)
  const [, one, other, turns, topic = ''] = match ?? []
  if (!one || !other || !topic.trim()) return undefined
  return {
    names: [one.toLowerCase(), other.toLowerCase()],
    topic: topic.trim(),
    turns: turns ? Number(turns) : undefined,
  }
}
