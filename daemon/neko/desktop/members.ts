import { createHash, randomInt, timingSafeEqual } from 'node:crypto'

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** Of Neko's tokens. */
const LETTERS = `${ALPHANUMERIC}-_`
const PASSWORD = 20

/** A token, or the end of a session's id. */
export const randomText = (length: number, letters = LETTERS): string =>
  Array.from({ length }, () => letters[randomInt(letters.length)]).join('')

/** It can be typed, and is no option of a command whatever it begins with. */
export const randomPassword = (): string => randomText(PASSWORD, ALPHANUMERIC)

/** The two passwords of Neko's member provider `multiuser`: any name comes in, and the password says as what. */
export interface Passwords {
  user: string
  admin: string
}

/** @returns what the password stands for; takes as long for a wrong one as for a right one */
export function roleOf(passwords: Passwords, given: string): 'user' | 'admin' | undefined {
  const isAdmin = isSame(passwords.admin, given)
  const isUser = isSame(passwords.user, given)
  if (isAdmin) return 'admin'
  return isUser ? 'user' : undefined
}

const isSame = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
