import { z } from 'zod'
import { routes } from './route'

export const oidcRoutes = routes({
  'GET /api/auth/oidc': {
    summary: 'Whether one can log in through an identity provider, and what its button says',
    tag: 'auth',
    who: ['guest'],
    response: z.object({ enabled: z.boolean(), label: z.string() }),
  },
  'GET /api/auth/oidc/start': {
    summary: 'Go to the identity provider (a redirect, for browsers)',
    tag: 'auth',
    who: ['guest'],
    response: z.string(),
    media: 'text/html',
  },
  'POST /api/auth/oidc/link': {
    summary: 'Begin to connect one’s own account with the identity provider: the address to go to',
    tag: 'auth',
    who: ['user'],
    scope: 'admin',
    response: z.object({ url: z.url() }),
    errors: ['oidc_off', 'oidc_unavailable'],
  },
  'GET /api/auth/oidc/callback': {
    summary: 'Where the identity provider sends browsers back to; ends in the console',
    tag: 'auth',
    who: ['guest'],
    response: z.string(),
    media: 'text/html',
  },
})
