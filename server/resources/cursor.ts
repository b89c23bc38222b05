import { NekodeError } from '@shared/errors'

/** How far a subscription has been read: a position of the log, and the updates until there. */
export interface Place {
  at: number
  count: number
}

/** A cursor over the most subscriptions that there may be has less than this. */
const MAX_CURSOR = 8192
const PLACE = /^(sub_\w{1,60}):(\d{1,15}):(\d{1,9})$/

/** Places by subscription. @throws NekodeError `invalid_request` for what `writeCursor` did not write */
export function readCursor(cursor: string | undefined): Map<string, Place> {
  if (cursor === undefined) return new Map()
  if (cursor.length > MAX_CURSOR) throw foreign()
  return new Map(
    cursor
      .split(',')
      .filter(Boolean)
      .map((part): [string, Place] => {
        const [, id, at, count] = PLACE.exec(part) ?? []
        if (id === undefined) throw foreign()
        return [id, { at: Number(at), count: Number(count) }]
      }),
  )
}

/** Of these subscriptions alone: those that have ended are not dragged along. */
export const writeCursor = (places: ReadonlyMap<string, Place>, ids: readonly string[]): string =>
  ids
    .flatMap((id) => {
      const place = places.get(id)
      return place ? [`${id}:${place.at}:${place.count}`] : []
    })
    .join(',')

const foreign = (): NekodeError =>
  new NekodeError('invalid', 'This cursor is none of ours.', {
    code: 'invalid_request',
    next: 'Send back the next_cursor of the page before, or none to begin with.',
  })
