import type { Addresses } from '../http/address'
import type { Mount } from '../http/route'
import type { SecondFactorService } from './service'

export function secondFactorRoutes(mount: Mount, factors: SecondFactorService, addresses: Addresses): void {
  mount('GET /api/auth/second-factor', ({ principal }) => factors.status(principal))
  mount('POST /api/auth/second-factor', ({ principal, body, address, c }) =>
    factors.begin(principal, body.password, { address, host: new URL(addresses.publicUrl(c)).host }),
  )
  mount('POST /api/auth/second-factor/confirm', async ({ principal, body, address }) => ({
    recoveryCodes: await factors.confirm(principal, body.code, address),
  }))
  mount('POST /api/auth/second-factor/recovery-codes', async ({ principal, body, address }) => ({
    recoveryCodes: await factors.renewRecovery(principal, body, address),
  }))
  mount('POST /api/auth/second-factor/disable', async ({ principal, body, address }) => {
    await factors.disable(principal, body, address)
    return { ok: true }
  })
}
