import { A } from '@solidjs/router'
import { createMemo, For, Show, type JSX } from 'solid-js'
import type { GraphPatch, Task, TaskEdge } from '@shared/contract'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { canWrite } from '../store/session'
import { Button, IconButton } from '../ui/button'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { Graph } from './graph'
import { openCreateTask } from './open'
import { pick } from './pick'
import { refuse } from './refused'
import { isClosed, stateLook, taskPath } from './rules'
import { Splits } from './splits'
import { known, tasks } from './store'

/** What a task is made of and what it waits for: drawn, and as lists in which it can be changed. */
export default function Parts(props: { task: Task }) {
  const graph = createLoad(
    // A new edge or part is a new version of one of its tasks.
    () => ({
      id: props.task.id,
      version: props.task.version,
      parts: known().filter((one) => one.rootId === props.task.rootId).length,
    }),
    async ({ id }) => {
      const answer = await call('GET /api/tasks/{id}/graph', { params: { id } })
      tasks.put(...answer.nodes)
      return { ids: answer.nodes.map((node) => node.id), edges: answer.edges }
    },
  )
  const nodes = createMemo(() => (graph.value()?.ids ?? []).flatMap((id) => tasks.items[id] ?? []))
  return (
    <Show
      when={graph.value()}
      fallback={
        <Show when={graph.error()} fallback={<SkeletonRows avatar={false} count={3} />}>
          <ErrorNotice error={graph.error()} />
        </Show>
      }
    >
      {(loaded) => (
        <div class="col gap-5">
          <Show when={nodes().length > 1}>
            <Graph nodes={nodes()} edges={loaded().edges} here={props.task.id} />
          </Show>
          <SubTasks task={props.task} nodes={nodes()} />
          <Dependencies task={props.task} nodes={nodes()} edges={loaded().edges} onChange={() => void graph.reload()} />
          <Splits task={props.task} />
        </div>
      )}
    </Show>
  )
}

const Heading = (props: { title: string; children?: JSX.Element }) => (
  <header class="row gap-2 min-h-8">
    <h3 class="font-600 text-[14px]">{props.title}</h3>
    {props.children}
  </header>
)

export const TaskLine = (props: { task: Task; end?: JSX.Element }) => (
  <li class="row gap-2.5 min-h-10 md:min-h-9 text-[13.5px]">
    <Icon name={stateLook[props.task.state].icon} class={cx('text-[15px]', stateLook[props.task.state].ink)} />
    <span class="sr-only">{t(`task.state.${props.task.state}`)}</span>
    <A
      href={taskPath(props.task)}
      class={cx('flex-1 min-w-0 truncate hover:underline rounded', isClosed(props.task.state) && 'text-soft')}
    >
      <span class="text-soft tabular-nums">#{props.task.number}</span> {props.task.summary}
    </A>
    {props.end}
  </li>
)

function SubTasks(props: { task: Task; nodes: Task[] }) {
  const parts = () => props.nodes.filter((node) => node.parentId === props.task.id)
  const done = () => parts().filter((part) => isClosed(part.state)).length
  return (
    <section class="col gap-1">
      <Heading title={t('task.parts')}>
        <Show when={parts().length > 0}>
          <span class="text-[12.5px] text-soft tabular-nums">
            {done()}/{parts().length}
          </span>
        </Show>
        <Show when={canWrite()}>
          <Button
            size="sm"
            kind="ghost"
            icon="i-lucide-plus"
            class="ml-auto max-md:h-10"
            onClick={() => openCreateTask({ parentId: props.task.id, target: props.task.target })}
          >
            {t('task.addPart')}
          </Button>
        </Show>
      </Heading>
      <ul class="col">
        <For each={parts()} fallback={<li class="text-[13.5px] text-soft">{t('task.noParts')}</li>}>
          {(part) => <TaskLine task={part} />}
        </For>
      </ul>
    </section>
  )
}

function Dependencies(props: { task: Task; nodes: Task[]; edges: TaskEdge[]; onChange: () => void }) {
  const of = (id: string) => tasks.items[id]
  const needs = () => props.task.dependsOn
  const neededBy = () =>
    props.edges.flatMap((edge) => (edge.kind === 'depends_on' && edge.to === props.task.id ? [edge.from] : []))
  createLoad(
    () => needs().filter((id) => !of(id)),
    async (missing) => {
      for (const id of missing) tasks.put(await call('GET /api/tasks/{id}', { params: { id } }))
    },
  )
  const change = async (body: GraphPatch) => {
    try {
      const answer = await call('PATCH /api/tasks/{id}/graph', { params: { id: props.task.id }, body })
      tasks.put(...answer.nodes)
      props.onChange()
    } catch (error) {
      refuse(error, props.task)
    }
  }
  const add = () =>
    pick({
      title: t('task.addDependency'),
      placeholder: t('task.pick.task'),
      chosen: [],
      choices: () =>
        known()
          .filter(
            (task) => task.target === props.task.target && task.id !== props.task.id && !needs().includes(task.id),
          )
          .map(choiceOf),
      more: async (q) => {
        if (q.trim().length < 2) return []
        const { items } = await call('GET /api/tasks', { query: { target: props.task.target, q: q.trim(), limit: 20 } })
        tasks.put(...items)
        return items.filter((task) => task.id !== props.task.id).map(choiceOf)
      },
      one: (id) => void change({ add: [{ from: props.task.id, to: id, kind: 'depends_on' }] }),
    })
  return (
    <section class="col gap-1">
      <Heading title={t('task.waitsFor')}>
        <Show when={canWrite()}>
          <Button size="sm" kind="ghost" icon="i-lucide-plus" class="ml-auto max-md:h-10" onClick={add}>
            {t('task.addDependency')}
          </Button>
        </Show>
      </Heading>
      <ul class="col" aria-label={t('task.waitsFor')}>
        <For each={needs()} fallback={<li class="text-[13.5px] text-soft">{t('task.waitsForNothing')}</li>}>
          {(id) => (
            <Show when={of(id)}>
              {(task) => (
                <TaskLine
                  task={task()}
                  end={
                    <Show when={canWrite()}>
                      <IconButton
                        icon="i-lucide-x"
                        label={t('task.removeDependency', { number: task().number })}
                        onClick={() => void change({ remove: [{ from: props.task.id, to: id, kind: 'depends_on' }] })}
                      />
                    </Show>
                  }
                />
              )}
            </Show>
          )}
        </For>
      </ul>
      <Show when={neededBy().length > 0}>
        <Heading title={t('task.neededBy')} />
        <ul class="col" aria-label={t('task.neededBy')}>
          <For each={neededBy()}>{(id) => <Show when={of(id)}>{(task) => <TaskLine task={task()} />}</Show>}</For>
        </ul>
      </Show>
    </section>
  )
}

const choiceOf = (task: Task) => ({
  value: task.id,
  label: `#${task.number} ${task.summary}`,
  icon: stateLook[task.state].icon,
  ink: stateLook[task.state].ink,
})
