import { expect, test } from 'bun:test'
import type { Artifact, ServerEvent } from '@shared/contract'
import { tellEvent, tellRestart } from '../store/feed'
import { artifacts, artifactsAt } from './store'

const artifact = (id: string, more: Partial<Artifact> = {}): Artifact => ({
  id,
  filename: 'report.html',
  mimeType: 'text/html',
  media: 'file',
  kind: 'page',
  sizeBytes: 10,
  width: null,
  height: null,
  target: '#general',
  threadId: null,
  runId: null,
  owner: { kind: 'human', id: 'usr_1', name: 'ada', displayName: 'Ada' },
  sha256: '',
  title: 'Report',
  expiresAt: 1000,
  createdAt: 1,
  downloadUrl: '',
  openUrl: '',
  ...more,
})
const event = (operation: ServerEvent['operation'], payload: Artifact): ServerEvent => ({
  sequence: 1,
  id: 'evt_1',
  kind: 'artifact',
  operation,
  aggregateId: payload.id,
  target: payload.target,
  actor: payload.owner,
  createdAt: 1,
  payload,
})

test('a list has what is of its place and not over, the newest first', () => {
  const all = [
    artifact('att_1', { runId: 'run_1' }),
    artifact('att_2', { target: '#den' }),
    artifact('att_3'),
    artifact('att_4', { expiresAt: 500 }),
  ]
  const ids = (place: object) => artifactsAt(all, place, 600).map(({ id }) => id)
  expect(ids({})).toEqual(['att_3', 'att_2', 'att_1'])
  expect(ids({ target: '#general' })).toEqual(['att_3', 'att_1'])
  expect(ids({ runId: 'run_1' })).toEqual(['att_1'])
  expect(ids({ owner: 'usr_2' })).toEqual([])
})

test('what is published is there, and what is taken back is gone', () => {
  tellRestart()
  tellEvent(event('created', artifact('att_1')))
  expect(artifacts.items['att_1']?.title).toBe('Report')
  tellEvent(event('deleted', artifact('att_1')))
  expect(artifacts.items['att_1']).toBeUndefined()
})
