import { afterEach, expect, test } from 'bun:test'
import { ApiError } from '../api/client'
import { errorNext, errorText, fieldError, isAboutFields } from './errors'
import { chooseLocale } from './index'

afterEach(() => chooseLocale('en'))

const short = new ApiError(400, 'invalid_request', 'The body is not valid: password: …', undefined, [
  { path: 'password', message: 'use at least 10 characters' },
])
const taken = new ApiError(409, 'name_taken', 'The name @ann is taken.', 'Choose another one.')

test('what the server holds against a field is said beside it, in the reader’s language', async () => {
  expect(fieldError(short, 'password')).toBe('Use at least 10 characters.')
  expect(fieldError(short, 'username')).toBeUndefined()
  await chooseLocale('zh-CN')
  expect(fieldError(short, 'password')).toBe('请至少使用 10 个字符。')
})

test('an error that can only be about one field is said beside that one', () => {
  expect(fieldError(taken, 'name', ['name_taken'])).toBe('This name is taken; choose another one.')
  expect(fieldError(taken, 'displayName')).toBeUndefined()
  expect(errorText(taken)).toBe('This name is taken; choose another one.')
  expect(errorNext(taken)).toBeUndefined()
})

test('what no field of the form shows is left for the form as a whole', () => {
  const none = new Set<string>()
  expect(isAboutFields(short, new Set(['password']), none)).toBe(true)
  expect(isAboutFields(short, new Set(['username']), none)).toBe(false)
  expect(isAboutFields(taken, none, new Set(['name_taken']))).toBe(true)
  expect(isAboutFields(new ApiError(0, 'unreachable', ''), new Set(['password']), none)).toBe(false)
  expect(isAboutFields(new Error('x'), none, none)).toBe(false)
})

test('an error without words of its own says in the reader’s language what kind it is, then what the server said', async () => {
  const rare = new ApiError(409, 'cycle', 'Task #2 would depend on itself.')
  expect(errorText(rare)).toBe('Task #2 would depend on itself.')
  await chooseLocale('zh-CN')
  expect(errorText(rare)).toBe('目前无法执行此操作。（服务器说明：Task #2 would depend on itself.）')
  expect(errorText(new ApiError(503, 'upstream_slow', 'It takes too long.'))).toContain('服务器出现了问题。')
  expect(errorText(new ApiError(412, 'computer_offline', 'vm is offline.'))).toBe('计算机处于离线状态。')
})
