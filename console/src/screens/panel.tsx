import { Show } from 'solid-js'
import type { Agent } from '@shared/contract'
import { RunCard } from '../runs/card'
import { isOver } from '../store/runs'
import { state } from '../store/state'
import { Beside } from './beside'

/** An agent's screen on its own page, with what it is at work on beside it. */
export default function ScreenPanel(props: { agent: Agent }) {
  const run = () =>
    Object.values(state.runs).findLast(
      (run) => run.agentId === props.agent.id && !isOver(run) && run.state !== 'queued',
    )
  return (
    <Beside agent={props.agent} alone={run() === undefined}>
      <Show when={run()}>{(run) => <RunCard run={run()} />}</Show>
    </Beside>
  )
}
