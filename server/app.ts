import { Hono } from 'hono'

export { type Core, createCore } from './core'

export const createHono = (): Hono => new Hono({ strict: true })
