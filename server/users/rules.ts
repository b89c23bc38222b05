import type { Role } from '@shared/contract'
import { NekodeError } from '@shared/errors'

/** Only owners decide about owners: who becomes one, who stops being one, and how one gets in. Throws `owner_only`. */
export function checkRank(by: Role, ...about: (Role | undefined)[]): void {
  if (by === 'owner') return
  if (by !== 'admin') throw new NekodeError('forbidden', 'Only an admin may do this.', { code: 'admin_only' })
  if (about.includes('owner'))
    throw new NekodeError('forbidden', 'Only an owner may make, change or let in an owner.', {
      code: 'owner_only',
      next: 'Ask an owner of this server.',
    })
}

export const lastOwner = (): NekodeError =>
  new NekodeError('precondition', 'The server would have no owner.', {
    code: 'last_owner',
    next: 'Make somebody else an owner first.',
  })

export const noSuchPerson = (): NekodeError => new NekodeError('not_found', 'There is no such person.')
