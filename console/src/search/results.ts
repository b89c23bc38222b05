import { createEffect, createSignal, on, onCleanup } from 'solid-js'
import type { SearchHit } from '@shared/contract'
import { call } from '../api/client'
import { requestOf } from './query'

export type Sort = 'recent' | 'relevance'

const pageSize = 30

/** The pages of what was found for a text, the next one when somebody scrolls to it. */
export function createResults(text: () => string, sort: () => Sort) {
  const [hits, setHits] = createSignal<SearchHit[]>([])
  const [next, setNext] = createSignal<string>()
  const [error, setError] = createSignal<unknown>()
  const [status, setStatus] = createSignal<'idle' | 'loading' | 'more' | 'ready'>('idle')
  let turn = 0

  const ask = async (cursor: string | undefined) => {
    const request = requestOf(text())
    const mine = ++turn
    setError(undefined)
    if (!request) {
      setHits([])
      setNext(undefined)
      return setStatus('idle')
    }
    setStatus(cursor ? 'more' : 'loading')
    const { q, kinds } = request
    try {
      const page = await call('GET /api/search', {
        query: { q, limit: pageSize, sort: sort(), ...(kinds ? { kinds } : {}), ...(cursor ? { cursor } : {}) },
      })
      if (mine !== turn) return
      setHits((before) => (cursor ? [...before, ...page.items] : page.items))
      setNext(page.nextCursor)
    } catch (cause) {
      if (mine !== turn) return
      setError(() => cause)
      if (!cursor) setHits([])
    }
    setStatus('ready')
  }
  createEffect(on([text, sort], () => void ask(undefined)))
  onCleanup(() => turn++)
  return {
    hits,
    error,
    status,
    hasMore: () => next() !== undefined,
    more: () => void (next() && status() === 'ready' && ask(next())),
    again: () => void ask(undefined),
  }
}
