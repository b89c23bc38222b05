import Detail from '../tasks/detail'
import { PickHost } from '../tasks/pick'

/** The task of an entry, whole, as it stands beside a board. */
export default function EntryTask(props: { taskId: string }) {
  return (
    <div class="flex-1 min-h-0 row items-stretch [&>aside]:w-full! [&>aside]:border-l-0!">
      <Detail about={props.taskId} panel />
      <PickHost />
    </div>
  )
}
