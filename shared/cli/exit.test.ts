import { expect, test } from 'bun:test'
import { ApiError } from '@shared/contract/client'
import { NekodeError } from '@shared/errors'
import { exitCode, usage } from './exit'

test.each<[string, unknown, number]>([
  ['wrong usage', usage('no'), 2],
  ['nobody logged in', new NekodeError('unauthenticated', ''), 3],
  ['a token that the server does not accept', new ApiError(401, 'token_invalid', ''), 3],
  ['a wrong password', new ApiError(401, 'login_failed', ''), 1],
  ['something forbidden', new ApiError(403, 'forbidden', ''), 4],
  ['something that is not there', new ApiError(404, 'not_found', ''), 4],
  ['a name that is not there', new NekodeError('not_found', ''), 4],
  ['no answer', new ApiError(0, 'unreachable', ''), 5],
  ['a proxy without a server behind it', new ApiError(502, 'unknown', ''), 5],
  ['a server that is not ready', new ApiError(503, 'unavailable', ''), 5],
  ['the end of the waiting', new NekodeError('unavailable', '', { code: 'wait_timeout' }), 6],
  ['Ctrl-C at a question', new NekodeError('invalid', '', { code: 'interrupted' }), 130],
  ['a refusal', new ApiError(409, 'name_taken', ''), 1],
  ['anything else', new Error('x'), 1],
])('the exit code for %s', (_, error, code) => {
  expect(exitCode(error)).toBe(code as 0)
})
