import { For, Show } from 'solid-js'
import type { RunStep, StepDetail, ToolKind } from '@shared/contract'
import { t } from '../i18n'
import { now, duration } from '../i18n/dates'
import { Badge } from '../ui/badge'
import { CopyButton } from '../ui/copy'
import { Icon } from '../ui/icon'
import { DiffView } from './diff'
import { Fold } from './fold'
import { ToolInput } from './input'
import { stripAnsi, tail } from './terminal'

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

/** A tool call: one line with its outcome, and folded below what went in, what came out and what changed. */
export function ToolStep(props: { step: RunStep; tool: Tool }) {
  const running = () => props.step.status === 'running'
  const time = () => (props.step.completedAt ?? now()) - props.step.startedAt
  return (
    <Fold
      icon={toolIcons[props.tool.kind]}
      title={t(`tool.${props.tool.kind}`)}
      hint={props.tool.title || props.tool.name}
      end={
        <span class="row gap-1.5 shrink-0">
          <Show when={time() >= 1000}>
            <span class="text-[12px] text-faint tabular-nums">{duration(time())}</span>
          </Show>
          <Outcome tool={props.tool} running={running()} />
        </span>
      }
    >
      <ToolBody tool={props.tool} running={running()} />
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

/** Everything that a tool call holds. */
export const ToolBody = (props: { tool: Tool; running: boolean }) => (
  <>
    <p class="text-[12.5px] text-faint break-all">{props.tool.name}</p>
    <ToolInput input={props.tool.input} hasDiff={(props.tool.diff?.length ?? 0) > 0} />
    <For each={props.tool.diff}>{(file) => <DiffView file={file} />}</For>
    <Show when={props.tool.output}>{(output) => <Terminal text={output()} running={props.running} />}</Show>
  </>
)

/** Output as a terminal shows it: the end in view. */
function Terminal(props: { text: string; running: boolean }) {
  const text = () => tail(stripAnsi(props.text))
  return (
    <div class="relative group rounded-lg bg-[#15161a] text-[#d6d8df] overflow-hidden">
      <pre
        tabindex="0"
        ref={(element) => queueMicrotask(() => (element.scrollTop = element.scrollHeight))}
        class="px-3 py-2.5 text-[12.5px] leading-relaxed max-h-80 overflow-auto whitespace-pre-wrap break-words"
      >
        <Show when={text().cut > 0}>
          <span class="text-[#8b8e99]">
            {t('tool.cut', { n: text().cut })}
            {'\n'}
          </span>
        </Show>
        {text().text}
        <Show when={props.running}>
          <span class="pulse">▍</span>
        </Show>
      </pre>
      <CopyButton
        text={props.text}
        class="absolute right-1 top-1 text-[#d6d8df]! bg-[#15161a] hover:bg-[#2a2c33]! opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
      />
    </div>
  )
}
