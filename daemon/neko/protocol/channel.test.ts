import { describe, expect, test } from 'bun:test'
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  type ServerMessage,
} from './channel'

const AT = 1_790_000_000_123

const toServer: [ClientMessage, string][] = [
  [{ kind: 'move', x: 640, y: 360 }, '01 0004 0280 0168'],
  [{ kind: 'scroll', dx: -3, dy: 5, control: true }, '02 0005 fffd 0005 01'],
  [{ kind: 'keydown', keysym: 0xffe1 }, '03 0004 0000ffe1'],
  [{ kind: 'keyup', keysym: 0x0100_20ac }, '04 0004 010020ac'],
  [{ kind: 'buttondown', code: 1 }, '05 0004 00000001'],
  [{ kind: 'buttonup', code: 3 }, '06 0004 00000003'],
  [{ kind: 'touchbegin', id: 7, x: -1, y: 20, pressure: 255 }, '08 000d 00000007 ffffffff 00000014 ff'],
  [{ kind: 'touchupdate', id: 7, x: 1, y: 2, pressure: 0 }, '09 000d 00000007 00000001 00000002 00'],
  [{ kind: 'touchend', id: 7, x: 1, y: 2, pressure: 9 }, '0a 000d 00000007 00000001 00000002 09'],
]

const toClient: [ServerMessage, string][] = [
  [{ kind: 'cursor', x: 1, y: 65535 }, '01 0007 0001 ffff'],
  [
    { kind: 'image', width: 24, height: 16, hotX: 3, hotY: 4, png: new Uint8Array([0x89, 0x50]) },
    '02 000d 0018 0010 0003 0004 8950',
  ],
]

const hex = (text: string): string => text.replaceAll(' ', '')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(hex(text), 'hex'))

describe('what a client sends', () => {
  for (const [message, wire] of toServer)
    test(`${message.kind} is ${wire}, both ways`, () => {
      expect(Buffer.from(encodeClientMessage(message)).toString('hex')).toBe(hex(wire))
      expect(decodeClientMessage(bytes(wire))).toEqual(message)
    })

  test('a ping splits its time as servers put it together again', () => {
    const ping = encodeClientMessage({ kind: 'ping', sentAt: AT })
    const view = new DataView(ping.buffer)
    expect([view.getUint8(0), view.getUint16(1)]).toEqual([7, 8])
    expect(view.getUint32(3) * (2 ** 32 - 1) + view.getUint32(7)).toBe(AT)
    expect(decodeClientMessage(ping)).toEqual({ kind: 'ping', sentAt: AT })
  })

  test('the old form of a scroll has no Control', () => {
    expect(decodeClientMessage(bytes('02 0004 0001 ffff'))).toEqual({ kind: 'scroll', dx: 1, dy: -1, control: false })
  })

  test('numbers that do not fit become the nearest that do', () => {
    expect(decodeClientMessage(encodeClientMessage({ kind: 'move', x: -4, y: 70_000.7 }))).toEqual({
      kind: 'move',
      x: 0,
      y: 65_535,
    })
    expect(
      decodeClientMessage(encodeClientMessage({ kind: 'scroll', dx: Number.NaN, dy: -99_999, control: false })),
    ).toEqual({
      kind: 'scroll',
      dx: 0,
      dy: -32_768,
      control: false,
    })
  })
})

describe('what a server sends', () => {
  for (const [message, wire] of toClient)
    test(`${message.kind} is ${wire}, both ways`, () => {
      expect(Buffer.from(encodeServerMessage(message)).toString('hex')).toBe(hex(wire))
      expect(decodeServerMessage(bytes(wire))).toEqual(message)
    })

  test('a pong has the length 19, and both times', () => {
    const pong = encodeServerMessage({ kind: 'pong', sentAt: AT, serverAt: AT + 12 })
    expect(new DataView(pong.buffer).getUint16(1)).toBe(19)
    expect(decodeServerMessage(pong)).toEqual({ kind: 'pong', sentAt: AT, serverAt: AT + 12 })
  })

  test('a picture of the cursor may be longer than the length can say', () => {
    const png = new Uint8Array(70_000).fill(7)
    const image = { kind: 'image', width: 64, height: 64, hotX: 0, hotY: 0, png } as const
    expect(decodeServerMessage(encodeServerMessage(image))).toEqual(image)
  })
})

test('what is cut off, empty or unknown is no message', () => {
  for (const [, wire] of toServer) expect(decodeClientMessage(bytes(wire).subarray(0, -1))).toBeUndefined()
  for (const wire of ['', '01', '01 0004', 'ff 0000', '00 0004 0001 0002']) {
    expect(decodeClientMessage(bytes(wire))).toBeUndefined()
    expect(decodeServerMessage(bytes(wire))).toBeUndefined()
  }
  expect(decodeServerMessage(bytes('02 0007 0001 0002'))).toBeUndefined()
  expect(decodeServerMessage(bytes('03 0013 0001 0002'))).toBeUndefined()
})

test('a message is read out of the middle of a buffer', () => {
  const whole = bytes('ffff 01 0004 0280 0168 ffff')
  expect(decodeClientMessage(whole.subarray(2, 9))).toEqual({ kind: 'move', x: 640, y: 360 })
})
