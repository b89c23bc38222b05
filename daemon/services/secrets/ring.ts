import { errorText } from '@shared/errors'
import { z } from 'zod'

/** What the helper process is asked on its standard input, and answers on its standard output. */
const Wish = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('get'), name: z.string() }),
  z.strictObject({ op: z.literal('set'), name: z.string(), value: z.string().min(1) }),
  z.strictObject({ op: z.literal('delete'), name: z.string() }),
])
export type Wish = z.infer<typeof Wish>
const Wishes = z.strictObject({ service: z.string(), wishes: z.array(Wish) })
export type Wishes = z.infer<typeof Wishes>

const Grant = z.union([z.strictObject({ value: z.string().nullable() }), z.strictObject({ error: z.string() })])
export const Grants = z.array(Grant)
export type Grant = z.infer<typeof Grant>

/**
 * Speaks to the keychain of the operating system, in a process of its own: a Secret Service that does not answer, or that brings its
 * libraries down, takes this process with it and not the daemon. Values travel over pipes only.
 */
export async function serveKeychain(): Promise<void> {
  const { service, wishes } = Wishes.parse(await Bun.stdin.json())
  const grants: Grant[] = []
  for (const wish of wishes) grants.push(await grant(service, wish))
  await Bun.write(Bun.stdout, JSON.stringify(grants))
}

async function grant(service: string, wish: Wish): Promise<Grant> {
  const { name } = wish
  try {
    if (wish.op === 'get') return { value: await Bun.secrets.get({ service, name }) }
    // These secrets belong to this computer: on Windows they must not roam with the user's profile.
    if (wish.op === 'set') await Bun.secrets.set({ service, name, value: wish.value, persist: 'local' })
    else await Bun.secrets.delete({ service, name })
    return { value: null }
  } catch (error) {
    return { error: errorText(error) }
  }
}
