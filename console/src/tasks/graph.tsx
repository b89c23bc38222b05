import { useNavigate } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Task, TaskEdge } from '@shared/contract'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Skeleton } from '../ui/skeleton'
import { cx } from '../ui/cx'
import { stateLook, taskPath } from './rules'

interface GraphProps {
  nodes: Task[]
  edges: TaskEdge[]
  /** The task that is being looked at. */
  here: string
}

/** What depends on what, drawn; the list beside it says the same in words. */
export function Graph(props: GraphProps) {
  const navigate = useNavigate()
  // Where things stand follows from what there is and how it hangs together, not from what each is just now.
  const shape = createMemo(() => JSON.stringify([props.nodes.map(({ id }) => id), props.edges]), undefined)
  const layout = createLoad(shape, async () => {
    const { place, NODE } = await import('./layout')
    return { ...place(props.nodes, props.edges), node: NODE }
  })
  const task = (id: string) => props.nodes.find((node) => node.id === id)
  return (
    <Show when={layout.value()} fallback={<Skeleton class="h-40 rounded-xl" />}>
      {(placed) => (
        <div
          class="overflow-auto max-h-100 rounded-xl border border-line bg-sunken"
          tabindex="0"
          role="group"
          aria-label={t('task.graph')}
        >
          <svg
            style={{ 'max-width': `${placed().width}px`, 'min-width': `${placed().width * 0.75}px` }}
            viewBox={`0 0 ${placed().width} ${placed().height}`}
            class="block mx-auto w-full h-auto"
            aria-hidden="true"
          >
            <defs>
              <marker
                id="task-arrow"
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                orient="auto"
              >
                <path d="M 0 0 L 8 4 L 0 8 z" fill="var(--soft)" />
              </marker>
            </defs>
            <For each={placed().edges}>
              {(edge) => (
                <path
                  d={edge.path}
                  fill="none"
                  stroke="var(--soft)"
                  stroke-width="1.4"
                  stroke-dasharray={edge.kind === 'parent_child' ? '4 4' : undefined}
                  marker-end={edge.kind === 'parent_child' ? undefined : 'url(#task-arrow)'}
                />
              )}
            </For>
            <For each={placed().nodes}>
              {(node) => (
                <Show when={task(node.task.id)}>
                  {(task) => (
                    <foreignObject x={node.x} y={node.y} width={placed().node.width} height={placed().node.height}>
                      <div
                        data-node={task().number}
                        onClick={() => navigate(taskPath(task()))}
                        class={cx(
                          'h-full px-2.5 rounded-lg border bg-surface row gap-2 text-[12px] leading-tight cursor-pointer',
                          task().id === props.here ? 'border-accent' : 'border-edge',
                        )}
                      >
                        <span
                          class={cx('text-[15px] shrink-0', stateLook[task().state].icon, stateLook[task().state].ink)}
                        />
                        <span class="min-w-0 line-clamp-2 [overflow-wrap:anywhere]">
                          <span class="text-soft">#{task().number}</span> {task().summary}
                        </span>
                      </div>
                    </foreignObject>
                  )}
                </Show>
              )}
            </For>
          </svg>
        </div>
      )}
    </Show>
  )
}
