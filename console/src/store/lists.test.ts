import { expect, test } from 'bun:test'
import type { Delivery, Message, Run } from '@shared/contract'
import { forget } from './lists'
import { emptyState } from './state'

test('a list that is forgotten takes its messages, deliveries and finished runs with it, and nothing else', () => {
  const state = emptyState()
  state.lists['#a'] = { ids: ['msg_1', 'msg_2'], status: 'ready', older: null, newer: false }
  state.lists['#b'] = { ids: ['msg_3'], status: 'ready', older: null, newer: false }
  for (const id of ['msg_1', 'msg_2', 'msg_3']) state.messages[id] = { id } as Message
  state.byMessage = { msg_1: ['dlv_1', 'dlv_2'], msg_3: ['dlv_3'] }
  for (const at of [1, 2, 3]) state.deliveries[`dlv_${at}`] = { id: `dlv_${at}`, runId: `run_${at}` } as Delivery
  state.runs = {
    run_1: { id: 'run_1', state: 'completed' } as Run,
    run_2: { id: 'run_2', state: 'running' } as Run,
    run_3: { id: 'run_3', state: 'completed' } as Run,
  }
  forget(state, '#a')
  expect(Object.keys(state.lists)).toEqual(['#b'])
  expect(Object.keys(state.messages)).toEqual(['msg_3'])
  expect(Object.keys(state.deliveries)).toEqual(['dlv_3'])
  expect(Object.keys(state.byMessage)).toEqual(['msg_3'])
  expect(Object.keys(state.runs)).toEqual(['run_2', 'run_3'])
})
