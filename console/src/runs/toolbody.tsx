import { For, Show } from 'solid-js'
import type { StepDetail } from '@shared/contract'
import { DiffView } from './diff'
import { ToolInput } from './input'
import { TerminalOutput } from './output'

type Tool = Extract<StepDetail, { type: 'tool' }>

/** Everything that a tool call holds: what it was given, what it changed and what came of it. */
export default function ToolBody(props: { tool: Tool; running: boolean }) {
  return (
    <>
      <Show when={props.tool.name && props.tool.name !== props.tool.title}>
        <p class="text-[12.5px] text-faint break-all">{props.tool.name}</p>
      </Show>
      <ToolInput input={props.tool.input} hasDiff={(props.tool.diff?.length ?? 0) > 0} />
      <For each={props.tool.diff}>{(file) => <DiffView file={file} />}</For>
      <Show when={props.tool.output}>{(output) => <TerminalOutput text={output()} running={props.running} />}</Show>
    </>
  )
}
