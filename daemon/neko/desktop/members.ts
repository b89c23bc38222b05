import { createHash, randomInt, timingSafeEqual } from 'node:crypto'

/** Letters of a token and of the end of a session's id. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export const randomText = (length: number): string =>
  Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

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
