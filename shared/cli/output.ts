import { ApiError } from '@shared/contract/client'
import type { ErrorBody } from '@shared/contract'
import { NekodeError, errorText } from '@shared/errors'
import type { Host } from './host'
import { type Column, type Paint, fields, painter, table } from './table'
import type { Tell } from './tell'
import { ago, json, oneLine } from './text'

/** Where a command's result goes: standard output holds the result and nothing else, standard error the rest. */
export class Output {
  #paint: Paint | undefined
  #paintNote: Paint | undefined

  constructor(
    readonly host: Host,
    /** Programs read this: JSON instead of text. */
    readonly json: boolean,
    /** What a remark says in this program. */
    readonly tell: Tell = (text) => text,
  ) {}

  /** For standard output. */
  get paint(): Paint {
    this.#paint ??= painter(this.#mayPaint() && this.host.tty.out)
    return this.#paint
  }

  /** For standard error. */
  get paintNote(): Paint {
    this.#paintNote ??= painter(this.#mayPaint() && this.host.tty.err)
    return this.#paintNote
  }

  /** https://no-color.org: any value but the empty one turns colour off. */
  #mayPaint(): boolean {
    return !this.json && !this.host.env.NO_COLOR && this.host.env.TERM !== 'dumb'
  }

  /** The command's result: as JSON, or as the text that `human` makes. An empty text prints nothing. */
  show(value: unknown, human: () => string): void {
    if (this.json) this.host.out(`${json(value, 2)}\n`)
    else this.line(human())
  }

  /** One item of a stream: a line of JSON, or a text. */
  item(value: unknown, human: () => string): void {
    if (this.json) this.host.out(`${json(value)}\n`)
    else this.line(human())
  }

  line(text: string): void {
    if (text !== '') this.host.out(`${text}\n`)
  }

  /** A list, as a page of the API or as a table; `none` is what people read when it is empty. */
  list<T>(
    page: { items: readonly T[]; nextCursor?: string | undefined },
    columns: readonly Column<T>[],
    none: string,
  ): void {
    if (!this.json && page.items.length === 0) return this.note(none)
    this.show(page, () => table(page.items, columns, this.paint, this.host.columns))
  }

  /** One thing, as the API has it or as named values. */
  record(value: unknown, entries: readonly (readonly [string, string])[]): void {
    this.show(value, () => fields(entries, this.paint))
  }

  /** A remark for people, on standard error. Programs do not get it. */
  note(text: string): void {
    if (!this.json) this.host.err(`${this.tell(text)}\n`)
  }

  /** Progress: a remark for people, a JSON line for programs, both on standard error. */
  progress(event: string, data: unknown, text: string): void {
    this.host.err(this.json ? `${json({ event, data })}\n` : `${this.paintNote('dim', this.tell(text))}\n`)
  }

  ago = (time: number | null): string => ago(time, this.host.now())

  /** What went wrong and what to do next, on standard error. */
  error(error: unknown): void {
    const body = errorBody(error)
    if (body.next !== undefined) body.next = this.tell(body.next)
    if (this.json) return this.host.err(`${json(body)}\n`)
    const lines = [`${this.paintNote(['red', 'bold'], 'error:')} ${oneLine(body.error)}`]
    for (const detail of body.details ?? []) lines.push(`  ${oneLine(`${detail.path}: ${detail.message}`)}`)
    if (body.next) lines.push(`${this.paintNote('bold', 'next:')} ${oneLine(body.next)}`)
    this.host.err(`${lines.join('\n')}\n`)
  }
}

/** Anything that was thrown, in the shape of the API's errors. */
export function errorBody(error: unknown): ErrorBody {
  const known = error instanceof ApiError || error instanceof NekodeError
  const body: ErrorBody = { error: errorText(error), code: known ? error.code : 'internal' }
  if (!known) return body
  if (error.next !== undefined) body.next = error.next
  // The message repeats the only detail there is.
  if (error.details && error.details.length > 1) body.details = error.details
  return body
}
