/** What OWASP asks of argon2id at least; more memory for each login would let few clients fill the machine. */
const OPTIONS = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const
/** Hashes at once: each takes a thread and 19 MiB. */
const PARALLEL = 2

let running = 0
const waiting: (() => void)[] = []

async function slot<T>(work: () => Promise<T>): Promise<T> {
  if (running >= PARALLEL) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

export const hashPassword = (password: string): Promise<string> => slot(() => Bun.password.hash(password, OPTIONS))

let dummy: Promise<string> | undefined

/** Whether the password is the one of `hash`. Without a hash it takes as long and is never right. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  dummy ??= hashPassword(crypto.randomUUID())
  const against = hash ?? (await dummy)
  const right = await slot(() => Bun.password.verify(password, against))
  return right && hash !== undefined
}
