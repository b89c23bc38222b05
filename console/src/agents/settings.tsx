import { type JSX, Show } from 'solid-js'
import type { Agent, ManagedAgent } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { isAdmin, me } from '../store/session'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** How an agent is run is for admins and for who made it; only they may make it forget its session. */
export const looksAfter = (agent: Agent): boolean => isAdmin() || agent.createdBy === me().id

/** Asks how an agent is run and then shows `children`: a page holds only what everybody may see of agents. */
export function WithSettings(props: { agent: Agent; children: (agent: ManagedAgent) => JSX.Element }) {
  const asked = createLoad(
    () => props.agent.id,
    async (id) => ({ id, settings: await call('GET /api/agents/{id}/settings', { params: { id } }) }),
  )
  const ready = () => {
    const answer = asked.value()
    return answer?.id === props.agent.id && answer
  }
  return (
    <>
      <ErrorNotice error={asked.error()} />
      <Show
        when={ready()}
        keyed
        fallback={
          <Show when={!asked.error()}>
            <SkeletonRows count={4} />
          </Show>
        }
      >
        {({ settings }) => props.children({ ...props.agent, ...settings })}
      </Show>
    </>
  )
}
