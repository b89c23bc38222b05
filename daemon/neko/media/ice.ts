import type { IceServer } from '../protocol/types'

/** Which servers help to find a way to the room. */
export interface IcePolicy {
  /** `strict`: only those that the room's server names. `all`: the ones below too. */
  policy: 'strict' | 'all'
  /** `stun:host:port` */
  stun?: string
  /** `turn:host:port`, with `?transport=tcp` for TCP. */
  turn?: { url: string; user: string; pass: string }
}

export interface IceUrl {
  urls: string
  username?: string
  credential?: string
}

/**
 * The servers to ask. werift takes the first STUN and the first TURN of what it is given and no other, so one's own come
 * first: whoever names them wants them asked.
 */
export function iceServers(policy: IcePolicy, named: readonly IceServer[]): IceUrl[] {
  const own: IceUrl[] = []
  if (policy.policy === 'all') {
    if (policy.stun) own.push({ urls: policy.stun })
    if (policy.turn) own.push({ urls: policy.turn.url, username: policy.turn.user, credential: policy.turn.pass })
  }
  const theirs = named.flatMap(({ urls, username, credential }) =>
    urls.map((url) => ({ urls: url, ...(username ? { username } : {}), ...(credential ? { credential } : {}) })),
  )
  return [...own, ...theirs]
}
