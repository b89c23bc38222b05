import { z } from 'zod'
import { Ok, Time } from './common'
import { routes } from './route'
import { SecondCode } from './users'

const Proof = z.strictObject({ password: z.string().max(256), code: SecondCode })

export const SecondFactor = z.object({
  enabled: z.boolean(),
  enabledAt: Time.nullable(),
  recoveryCodesLeft: z.number().int(),
})
export type SecondFactor = z.infer<typeof SecondFactor>

const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) })

export const secondFactorRoutes = routes({
  'GET /api/auth/second-factor': {
    summary: 'Whether one’s login needs a second factor',
    tag: 'auth',
    who: ['user'],
    response: SecondFactor,
  },
  'POST /api/auth/second-factor': {
    summary: 'Begin to set up an authenticator app; it counts once a code of it was confirmed',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    status: 201,
    body: z.strictObject({ password: z.string().max(256) }),
    /** `uri` is what the QR code holds, `secret` the same for typing in. */
    response: z.object({ secret: z.string(), uri: z.string() }),
    errors: ['login_failed', 'second_factor_on'],
  },
  'POST /api/auth/second-factor/confirm': {
    summary: 'Switch the second factor on with its first code; other sessions end',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    body: z.strictObject({ code: SecondCode }),
    response: RecoveryCodes,
    errors: ['second_factor_invalid', 'second_factor_on'],
  },
  'POST /api/auth/second-factor/recovery-codes': {
    summary: 'New recovery codes; the old ones stop working',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    body: Proof,
    response: RecoveryCodes,
    errors: ['login_failed', 'second_factor_invalid'],
  },
  'POST /api/auth/second-factor/disable': {
    summary: 'Switch the own second factor off',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    body: Proof,
    response: Ok,
    errors: ['login_failed', 'second_factor_invalid'],
  },
})
