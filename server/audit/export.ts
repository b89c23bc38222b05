import type { AuditEntry } from '@shared/contract'

const COLUMNS = ['id', 'time', 'actor kind', 'actor id', 'actor', 'action', 'subject', 'detail', 'address'] as const

/** RFC 4180, with a byte order mark: without one Excel takes UTF-8 for something else. */
export const csvHead = `\uFEFF${COLUMNS.join(',')}\r\n`

export const csvLine = ({ id, createdAt, actor, action, subject, detail, address }: AuditEntry): string =>
  `${[
    id,
    new Date(createdAt).toISOString(),
    actor.kind,
    actor.id,
    actor.name,
    action,
    subject,
    JSON.stringify(detail),
    address,
  ]
    .map(csvCell)
    .join(',')}\r\n`

/**
 * One cell. Names are other people's to choose, and a spreadsheet runs what starts like a formula: such a text gets an apostrophe in front,
 * as OWASP advises against CSV injection.
 */
export function csvCell(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

export const jsonLine = (entry: AuditEntry): string => `${JSON.stringify(entry)}\n`
