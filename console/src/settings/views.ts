import { type Component } from 'solid-js'
import { lazy } from '../app/lazy'
import { Account } from './account'

/** What stands in each section of the settings, by the end of its address; `app/pages` has their names and who finds them. */
export const views: Record<string, Component> = {
  account: Account,
  appearance: lazy(() => import('./appearance')),
  sessions: lazy(() => import('./sessions')),
  browser: lazy(() => import('./browser')),
  tokens: lazy(() => import('./tokens')),
  people: lazy(() => import('./people')),
  endpoints: lazy(() => import('../endpoints/page')),
  notifications: lazy(() => import('../notifications/page')),
  usage: lazy(() => import('../usage/page')),
  server: lazy(() => import('../server/page')),
  events: lazy(() => import('../server/events')),
  backup: lazy(() => import('../server/backup')),
  audit: lazy(() => import('./audit')),
}
