import type { Role, User as UserView } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { type UserPrincipal, actorOf } from '../access/principal'
import { hashPassword } from '../auth/password'
import type { ChannelService } from '../channels/service'
import type { Core } from '../core'
import type { Tx } from '../db/database'
import { onDuplicate } from '../db/errors'
import type { User } from '../directory/directory'
import { handleTaken } from '../directory/handles'
import { UserStore } from './store'
import { userView } from './view'

export interface NewUser {
  username: string
  displayName?: string | undefined
  passwordHash: string
  role: Role
}

/** The people on this server. */
export class UserService {
  readonly #store: UserStore

  constructor(
    private readonly core: Core,
    private readonly channels: ChannelService,
  ) {
    this.#store = new UserStore(core.db)
  }

  list(): UserView[] {
    return this.core.directory
      .users()
      .filter((user) => user.disabledAt === null)
      .map(userView)
  }

  async create(
    p: UserPrincipal,
    input: { username: string; password: string; displayName?: string | undefined; role?: Role | undefined },
    address: string,
  ): Promise<UserView> {
    if (this.core.directory.byHandle(input.username)) throw nameTaken(input.username)
    const { username, displayName, role = 'member' } = input
    const passwordHash = await hashPassword(input.password, address)
    const creation = this.core.db.tx(async (tx) => {
      const user = await this.insert(tx, { username, displayName, passwordHash, role }, p)
      await this.core.audit.record(tx, {
        by: p,
        action: 'user.create',
        subject: user.id,
        detail: { username, role },
        address,
      })
      return user
    })
    return userView(
      await onDuplicate(creation, () => {
        throw nameTaken(username)
      }),
    )
  }

  /**
   * Adds a person, who joins `#general`, as part of a bigger change.
   * @param by null: the person, as the first one on the server
   */
  async insert(
    tx: Tx,
    { username, displayName, passwordHash, role }: NewUser,
    by: UserPrincipal | null,
  ): Promise<User> {
    if (await handleTaken(this.core.db, tx, username)) throw nameTaken(username)
    const now = Date.now()
    const user: User = {
      id: newId('usr'),
      username,
      displayName: displayName ?? username,
      passwordHash,
      role,
      disabledAt: null,
      createdAt: now,
      updatedAt: now,
    }
    await this.#store.insert(tx, user)
    const self = { kind: 'human' as const, id: user.id, name: username, displayName: user.displayName }
    tx.emit({
      kind: 'user',
      operation: 'created',
      aggregateId: user.id,
      audience: 'all',
      actor: by ? actorOf(by) : self,
      payload: userView(user),
    })
    await this.channels.ensureGeneral(tx, user, generalRole(role))
    return user
  }

  async setPassword(tx: Tx, user: User, passwordHash: string): Promise<void> {
    const updatedAt = Date.now()
    await this.#store.setPassword(tx, user.id, passwordHash, updatedAt)
    const actor = { kind: 'human' as const, id: user.id, name: user.username, displayName: user.displayName }
    // The directory and every replica take the new hash in by this event.
    tx.emit({
      kind: 'user',
      operation: 'updated',
      aggregateId: user.id,
      audience: 'all',
      actor,
      payload: userView({ ...user, updatedAt }),
    })
  }
}

const nameTaken = (name: string): NekodeError =>
  new NekodeError('conflict', `The name ${name} is taken.`, {
    code: 'name_taken',
    next: 'Choose another one. People and agents share one space of names.',
  })

/** In `#general` people are what they are on the server; the owner looks after it. */
const generalRole = (role: Role): 'admin' | 'member' | 'viewer' => {
  if (role === 'viewer') return 'viewer'
  return role === 'owner' ? 'admin' : 'member'
}
