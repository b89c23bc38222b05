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
import { checkRank, lastOwner, noSuchPerson } from './rules'
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

  /** People who were removed, the latest first. */
  removed(): UserView[] {
    return this.core.directory
      .users()
      .filter((user) => user.disabledAt !== null)
      .toSorted((a, b) => (b.disabledAt ?? 0) - (a.disabledAt ?? 0))
      .map(userView)
  }

  /** Changes a person's role or display name. Throws `owner_only`, `last_owner`. */
  change(
    p: UserPrincipal,
    id: string,
    input: { role?: Role | undefined; displayName?: string | undefined },
    address: string,
  ): Promise<UserView> {
    return this.core.db.tx(async (tx) => {
      const user = await this.authorise(tx, p, id, input.role)
      const { role = user.role, displayName = user.displayName } = input
      if (role === user.role && displayName === user.displayName) return userView(user)
      if (user.role === 'owner' && role !== 'owner') await this.#keepAnOwner(tx, user)
      const changed = await this.#update(tx, p, user, { role, displayName }, 'updated')
      if (role !== user.role) await this.channels.matchRole(tx, p, changed, generalRole(role))
      await this.core.audit.record(tx, {
        by: p,
        action: role === user.role ? 'user.rename' : 'user.role',
        subject: id,
        detail: role === user.role ? { displayName } : { from: user.role, to: role },
        address,
      })
      return userView(changed)
    })
  }

  /** Ends everything that a person can come in with. What they wrote stays, and so does their name. Throws `owner_only`, `last_owner`. */
  remove(p: UserPrincipal, id: string, address: string): Promise<void> {
    if (p.id === id)
      throw new NekodeError('invalid', 'Nobody can remove themselves.', { next: 'Ask another admin to do it.' })
    return this.core.db.tx(async (tx) => {
      const user = await this.authorise(tx, p, id)
      if (user.disabledAt !== null) return
      if (user.role === 'owner') await this.#keepAnOwner(tx, user)
      await this.#update(tx, p, user, { disabledAt: Date.now() }, 'deleted')
      for (const kind of ['session', 'api'] as const) await this.core.credentials.revoke(tx, { kind, ownerId: id })
      const { username, role } = user
      await this.core.audit.record(tx, {
        by: p,
        action: 'user.remove',
        subject: id,
        detail: { username, role },
        address,
      })
    })
  }

  /** Lets a removed person in again, with the password that they had. Throws `owner_only`. */
  restore(p: UserPrincipal, id: string, address: string): Promise<UserView> {
    return this.core.db.tx(async (tx) => {
      const user = await this.authorise(tx, p, id)
      if (user.disabledAt === null) return userView(user)
      const restored = await this.#update(tx, p, user, { disabledAt: null }, 'created')
      await this.core.audit.record(tx, { by: p, action: 'user.restore', subject: id, address })
      return userView(restored)
    })
  }

  /**
   * The person as they are now, when the caller, as they are now, may decide about them.
   * @param role that the person would get
   * @throws NekodeError `owner_only`, `admin_only`, not_found
   */
  async authorise(tx: Tx, p: UserPrincipal, id: string, role?: Role): Promise<User> {
    const by = await this.#store.get(tx, p.id)
    const user = await this.#store.get(tx, id)
    if (!user) throw noSuchPerson()
    checkRank(by?.disabledAt === null ? by.role : 'viewer', user.role, role)
    return user
  }

  /** Whether somebody may still give out a role, as things are in this transaction. */
  async mayGrant(tx: Tx, id: string, role: Role): Promise<boolean> {
    const by = await this.#store.get(tx, id)
    if (by?.disabledAt !== null) return false
    return by.role === 'owner' || (by.role === 'admin' && role !== 'owner')
  }

  /** A person as they are in this transaction; undefined when they are not there or were removed. */
  async active(tx: Tx, id: string): Promise<User | undefined> {
    const user = await this.#store.get(tx, id)
    return user?.disabledAt === null ? user : undefined
  }

  /** As part of a bigger change, which looks after sessions and the audit log. The directory takes the new hash in by the event. */
  async setPassword(tx: Tx, id: string, passwordHash: string): Promise<void> {
    const user = await this.active(tx, id)
    if (!user) throw noSuchPerson()
    await this.#update(tx, null, user, { passwordHash }, 'updated')
  }

  /** What an identity provider says somebody may do, as part of their login. The last owner stays one. */
  async setRole(tx: Tx, user: User, role: Role): Promise<User> {
    if (user.role === role || (user.role === 'owner' && !(await this.#store.otherOwner(tx, user.id)))) return user
    const changed = await this.#update(tx, null, user, { role }, 'updated')
    await this.channels.matchRole(tx, null, changed, generalRole(role))
    return changed
  }

  /** @param by null: the person */
  async #update(
    tx: Tx,
    by: UserPrincipal | null,
    user: User,
    set: Partial<Pick<User, 'role' | 'displayName' | 'disabledAt' | 'passwordHash'>>,
    operation: 'created' | 'updated' | 'deleted',
  ): Promise<User> {
    const changed: User = { ...user, ...set, updatedAt: Date.now() }
    await this.#store.update(tx, user.id, { ...set, updatedAt: changed.updatedAt })
    const actor = by
      ? actorOf(by)
      : { kind: 'human' as const, id: user.id, name: user.username, displayName: user.displayName }
    tx.emit({ kind: 'user', operation, aggregateId: user.id, audience: 'all', actor, payload: userView(changed) })
    return changed
  }

  async #keepAnOwner(tx: Tx, user: User): Promise<void> {
    if (!(await this.#store.otherOwner(tx, user.id))) throw lastOwner()
  }
}

export const nameTaken = (name: string): NekodeError =>
  new NekodeError('conflict', `The name ${name} is taken.`, {
    code: 'name_taken',
    next: 'Choose another one. People and agents share one space of names.',
  })

/** In `#general` people are what they are on the server; the owner looks after it. */
const generalRole = (role: Role): 'admin' | 'member' | 'viewer' => {
  if (role === 'viewer') return 'viewer'
  return role === 'owner' ? 'admin' : 'member'
}
