import { createMemo, createSignal } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { type ArtifactPlace, artifacts, artifactsAt } from './store'

/** The artifacts of a place: asked for once, and from then on as events tell. Nothing is asked while there is no place. */
export function createArtifacts(place: () => ArtifactPlace | undefined) {
  const [cursor, setCursor] = createSignal<string>()
  const ask = async ({ target, owner, runId }: ArtifactPlace, before?: string) => {
    const page = await call('GET /api/artifacts', {
      query: {
        limit: 50,
        ...(target ? { target } : {}),
        ...(owner ? { owner } : {}),
        ...(runId ? { runId } : {}),
        ...(before ? { cursor: before } : {}),
      },
    })
    artifacts.put(...page.items)
    setCursor(page.nextCursor)
    return true
  }
  const first = createLoad(
    () => {
      const at = place()
      return at && { era: artifacts.era(), ...at }
    },
    (at) => ask(at),
  )
  return {
    items: createMemo(() => artifactsAt(Object.values(artifacts.items), place() ?? {})),
    error: first.error,
    ready: () => first.value() ?? false,
    more: () => {
      const before = cursor()
      const at = place()
      return before && at ? () => void ask(at, before) : undefined
    },
  }
}
