import { createMemo, Show, Suspense } from 'solid-js'
import { lazy } from '../app/lazy'
import type { RunStep, StepDetail, ToolKind } from '@shared/contract'
import { t } from '../i18n'
import { now, duration } from '../i18n/dates'
import { Badge } from '../ui/badge'
import { Icon } from '../ui/icon'
import { Skeleton } from '../ui/skeleton'
import { Fold } from './fold'
import { statOf } from './patch'

// A run shows hundreds of calls, and a reader unfolds a few.
const ToolBody = lazy(() => import('./toolbody'))

type Tool = Extract<StepDetail, { type: 'tool' }>

export const toolIcons: Record<ToolKind, string> = {
  read: 'i-lucide-file-text',
  edit: 'i-lucide-file-pen-line',
  delete: 'i-lucide-file-x',
  move: 'i-lucide-file-symlink',
  search: 'i-lucide-search',
  execute: 'i-lucide-square-terminal',
  think: 'i-lucide-brain',
  fetch: 'i-lucide-globe',
  mcp: 'i-lucide-blocks',
  other: 'i-lucide-wrench',
}

/** The first line of what a call is about: a command, a file, words to look for. */
const lineOf = (tool: Tool): string => (tool.title || tool.name).trim().split('\n')[0]?.slice(0, 300) ?? ''

/** A tool call: one line with its outcome, and folded below what went in, what came out and what changed. */
export function ToolStep(props: { step: RunStep; tool: Tool }) {
  const running = () => props.step.status === 'running'
  const time = () => (props.step.completedAt ?? now()) - props.step.startedAt
  const stat = createMemo(() => (props.tool.diff?.length ? statOf(props.tool.diff) : undefined))
  return (
    <Fold
      icon={toolIcons[props.tool.kind]}
      title={t(`tool.${props.tool.kind}`)}
      hint={lineOf(props.tool)}
      end={
        <span class="row gap-1.5 shrink-0">
          <Show when={stat()}>
            {(stat) => (
              <span class="text-[12px] font-600 tabular-nums">
                <span class="text-ok">+{stat().added}</span> <span class="text-bad">−{stat().removed}</span>
              </span>
            )}
          </Show>
          <Show when={time() >= 1000}>
            <span class="text-[12px] text-faint tabular-nums">{duration(time())}</span>
          </Show>
          <Outcome tool={props.tool} running={running()} />
        </span>
      }
    >
      <Suspense fallback={<Skeleton class="h-3 w-2/5" />}>
        <ToolBody tool={props.tool} running={running()} />
      </Suspense>
    </Fold>
  )
}

function Outcome(props: { tool: Tool; running: boolean }) {
  const outcome = () => props.tool.outcome
  return (
    <Show when={!props.running} fallback={<Icon name="i-lucide-loader-circle animate-spin" class="text-info" />}>
      <Show
        when={outcome() && outcome() !== 'completed' && outcome()}
        fallback={<Icon name="i-lucide-check" class="text-ok" />}
      >
        {(outcome) => <Badge tone={outcome() === 'failed' ? 'bad' : 'warn'}>{t(`outcome.${outcome()}`)}</Badge>}
      </Show>
    </Show>
  )
}
