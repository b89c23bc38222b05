import type { User as UserView } from '@shared/contract'
import type { User } from '../directory/directory'

/** A person as everybody sees them. */
export const userView = ({ id, username, displayName, role, disabledAt, createdAt, updatedAt }: User): UserView => ({
  id,
  username,
  displayName,
  role,
  ...(disabledAt === null ? {} : { disabledAt }),
  createdAt,
  updatedAt,
})
