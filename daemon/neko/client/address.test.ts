import { describe, expect, test } from 'bun:test'
import { masked, parseBase, parseSocketUrl, socketUrl } from './address'

const bases: [string, string][] = [
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://localhost:8080/', 'http://localhost:8080'],
  ['https://neko.example.com/room/1/', 'https://neko.example.com/room/1'],
  ['localhost:8080', 'http://localhost:8080'],
  ['neko.example.com/room', 'http://neko.example.com/room'],
  ['wss://neko.example.com/room/api/ws?token=abc', 'https://neko.example.com/room'],
  ['https://neko.example.com/?usr=a&pwd=b#x', 'https://neko.example.com'],
  ['http://[::1]:8080/a', 'http://[::1]:8080/a'],
]

describe('the address of a server', () => {
  for (const [typed, base] of bases) test(`${typed} is ${base}`, () => expect(parseBase(typed)).toBe(base))

  for (const typed of ['', 'ftp://host', 'http://', 'http://user:secret@host'])
    test(`"${typed}" is none, and what it holds is not told`, () => {
      expect(() => parseBase(typed)).toThrow(expect.objectContaining({ code: 'neko_address', kind: 'invalid' }))
      expect(() => parseBase(typed)).not.toThrow(/secret/)
    })
})

describe('a WebSocket address with a token', () => {
  test('says where the server is, below its prefix, and the token', () => {
    expect(parseSocketUrl('wss://neko.example.com/room/api/ws?lang=de&token=a%2Bb')).toEqual({
      base: 'https://neko.example.com/room',
      token: 'a+b',
    })
    expect(parseSocketUrl('ws://host:8080/api/ws?token=abc')).toEqual({ base: 'http://host:8080', token: 'abc' })
  })

  test('is made with the token in it', () => {
    expect(socketUrl('https://neko.example.com/room', 'a+b')).toBe('wss://neko.example.com/room/api/ws?token=a%2Bb')
    expect(socketUrl('http://host:8080', 'abc')).toBe('ws://host:8080/api/ws?token=abc')
  })

  for (const [typed, code] of [
    ['wss://host/api/ws', 'neko_token_missing'],
    ['wss://host/api/ws?token=', 'neko_token_missing'],
    ['wss://host/ws?password=hunter2', 'neko_address'],
    ['nonsense?token=hunter2', 'neko_address'],
  ] as const)
    test(`${typed} is refused with ${code}, and its secret is not told`, () => {
      expect(() => parseSocketUrl(typed)).toThrow(expect.objectContaining({ code }))
      expect(() => parseSocketUrl(typed)).not.toThrow(/hunter2/)
    })
})

test('tokens and passwords are masked wherever they are in a text', () => {
  expect(masked('failed: ws://h/api/ws?x=1&token=abc-_D&y=2 and ws://h/ws?password=p#f')).toBe(
    'failed: ws://h/api/ws?x=1&token=***&y=2 and ws://h/ws?password=***#f',
  )
  expect(masked('http://me:pass@host/')).toBe('http://***@host/')
  expect(masked('nothing here')).toBe('nothing here')
})
