import type { EndpointAuthMode, EndpointKind } from '@shared/contract'
import type { z } from 'zod'
import type { Adapter, Settings } from './adapter'

/** A kind of service that an endpoint connects to. */
export interface Provider {
  name: string
  kind: EndpointKind
  displayName: string
  description: string
  /** How what comes in may prove itself; `none` alone: nothing comes in. The first is the usual one. */
  authModes: readonly EndpointAuthMode[]
  form: z.ZodObject
  /** What is missing for sending: the name of a field. Undefined when it can send. */
  sends: (settings: Settings) => string | undefined
  /** Undefined while this version has none. */
  adapter?: Adapter
  /** Has a signing secret, which is made when none is given. */
  signs?: true
}
