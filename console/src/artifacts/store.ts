import type { Artifact } from '@shared/contract'
import { now } from '../i18n/dates'
import { createCollection } from '../store/collection'

/** What somebody has asked for since the page was loaded, kept up to date by events. Nothing about an artifact changes until it goes. */
export const artifacts = createCollection<Artifact>({
  ofEvent: (event) => (event.kind === 'artifact' ? event.payload : undefined),
  idOf: ({ id }) => id,
  age: () => 0,
})

/** What a list of artifacts is about; everything when it is empty. */
export interface ArtifactPlace {
  target?: string | undefined
  owner?: string | undefined
  runId?: string | undefined
}

/** Those of a place whose time is not over, the newest first. */
export const artifactsAt = (all: Artifact[], { target, owner, runId }: ArtifactPlace, at = now()): Artifact[] =>
  all
    .filter((one) => one.expiresAt > at)
    .filter((one) => target === undefined || one.target === target)
    .filter((one) => owner === undefined || one.owner.id === owner)
    .filter((one) => runId === undefined || one.runId === runId)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
