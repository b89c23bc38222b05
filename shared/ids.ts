/** Prefixes of ids. The part after the prefix is a UUIDv7, so ids of one kind sort by creation. */
export type IdPrefix =
  | 'usr'
  | 'ses'
  | 'tok'
  | 'tkt'
  | 'idn'
  | 'chn'
  | 'msg'
  | 'att'
  | 'upl'
  | 'dlv'
  | 'run'
  | 'step'
  | 'apr'
  | 'agent'
  | 'cmp'
  | 'den'
  | 'evt'
  | 'inb'
  | 'sav'
  | 'act'
  | 'ctl'
  | 'lease'
  | 'prompt'
  | 'srv'
  | 'aud'
  | 'tun'
  | 'dec'
  | 'coord'
  | 'plan'
  | 'prog'
  | 'evid'
  | 'hand'
  | 'nego'
  | 'offer'
  | 'mem'
  | 'rem'
  | 'deb'
  | 'rmev'
  | 'sub'
  | 'iep'
  | 'nroute'
  | 'odlv'
  | 'tsk'
  | 'tch'
  | 'tat'
  | 'spl'
  | 'rgt'
  | 'tev'
  | 'view'
  | 'job'
  | 'jrun'

/** `msg_` and 32 hex digits. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${Bun.randomUUIDv7().replaceAll('-', '')}`

/** A secret of 32 random bytes with a prefix that tells what it is: `ndt_…`. */
export const newSecret = (prefix: string, bytes = 32): string =>
  `${prefix}_${Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('base64url')}`

/** SHA-256 as base64url: what is stored of a secret that the server only has to recognise. */
export const hashSecret = (secret: string): string => new Bun.CryptoHasher('sha256').update(secret).digest('base64url')
