import { describe, expect, test } from 'bun:test'
import type { AttachmentBrief } from '@shared/contract'
import { advance, startable, type FileUpload, type UploadEvent } from './machine'

const attachment: AttachmentBrief = {
  id: 'att_1',
  filename: 'a.png',
  mimeType: 'image/png',
  media: 'image',
  sizeBytes: 100,
  width: 1,
  height: 1,
}
const fresh: FileUpload = {
  id: 'a',
  target: '#general',
  name: 'a.png',
  mimeType: 'image/png',
  sizeBytes: 100,
  state: 'waiting',
  sentBytes: 0,
  attachment: null,
  error: null,
  pictureUrl: null,
}
const after = (...events: UploadEvent[]): FileUpload =>
  events.reduce((upload, event) => Object.assign(upload, advance(upload, event)), { ...fresh })
const error = { text: 'No room.', next: undefined }

describe('an upload', () => {
  test('goes from waiting over sending to done', () => {
    const done = after({ type: 'started' }, { type: 'progress', sentBytes: 40 }, { type: 'arrived', attachment })
    expect(done).toMatchObject({ state: 'done', sentBytes: 100, attachment, error: null })
  })

  test('that was cut goes on where it stopped', () => {
    const stalled = after({ type: 'started' }, { type: 'progress', sentBytes: 40 }, { type: 'cut' })
    expect(stalled).toMatchObject({ state: 'stalled', sentBytes: 40 })
    expect({ ...stalled, ...advance(stalled, { type: 'progress', sentBytes: 60 }) }).toMatchObject({
      state: 'sending',
      sentBytes: 60,
    })
  })

  test('that was refused says why until it is tried again', () => {
    const failed = after({ type: 'started' }, { type: 'refused', error })
    expect(failed).toMatchObject({ state: 'failed', error })
    expect({ ...failed, ...advance(failed, { type: 'retried' }) }).toMatchObject({ state: 'waiting', error: null })
  })

  test.each([
    [
      'progress after it is done',
      [{ type: 'started' }, { type: 'arrived', attachment }],
      { type: 'progress', sentBytes: 3 },
    ],
    ['a cut after it failed', [{ type: 'started' }, { type: 'refused', error }], { type: 'cut' }],
    ['a second try of what is done', [{ type: 'started' }, { type: 'arrived', attachment }], { type: 'retried' }],
    ['an arrival before it was started', [], { type: 'arrived', attachment }],
  ] satisfies [string, UploadEvent[], UploadEvent][])('%s changes nothing', (_, before, late) => {
    expect(advance(after(...before), late)).toEqual({})
  })

  test('never shows more than all of it', () => {
    expect(after({ type: 'started' }, { type: 'progress', sentBytes: 999 }).sentBytes).toBe(100)
  })
})

test('three are sent at once, and one that is stalled keeps its place', () => {
  const uploads = (['done', 'stalled', 'sending', 'failed', 'waiting', 'waiting'] as const).map((state, at) => ({
    id: String(at),
    state,
  }))
  expect(startable(uploads)).toEqual(['4'])
  expect(startable(uploads.filter(({ state }) => state === 'waiting'))).toEqual(['4', '5'])
})
