import { z } from 'zod'
import { routes } from './route'

export const backupRoutes = routes({
  'GET /api/backup': {
    summary: 'Everything as one file, for “nekode restore”; without the secret key. Owners only',
    tag: 'system',
    who: ['user'],
    role: 'admin',
    scope: 'admin',
    response: z.string(),
    media: 'application/octet-stream',
    errors: ['owner_only', 'backup_busy'],
  },
})
