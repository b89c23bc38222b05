import { Show } from 'solid-js'
import type { Task } from '@shared/contract'
import { reasonOf } from './refused'

/** Why something about a task was refused, and what to do. */
export const Problem = (props: { error: unknown; task: Task }) => (
  <Show when={props.error}>
    {(error) => (
      <p class="text-[13px] text-bad" role="alert">
        {[reasonOf(error(), props.task).text, reasonOf(error(), props.task).next].filter(Boolean).join(' ')}
      </p>
    )}
  </Show>
)
