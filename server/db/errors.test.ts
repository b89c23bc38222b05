import { DrizzleQueryError } from 'drizzle-orm'
import { expect, test } from 'bun:test'
import { explain } from './errors'

test.each([
  ['ERR_POSTGRES_CONNECTION_CLOSED', 'storage_unreachable'],
  ['53100', 'storage_full'],
  ['25006', 'storage_unwritable'],
])('an error of the driver (%s) is told without what was to be written', (code, kind) => {
  const cause = Object.assign(new Error('the driver’s words'), { code })
  const error = explain(new DrizzleQueryError('insert into messages values ($1)', ['between us'], cause))
  expect(error).toMatchObject({ code: kind })
  expect(String(error)).not.toContain('between us')
})
