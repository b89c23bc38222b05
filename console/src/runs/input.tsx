import { Show } from 'solid-js'
import type { ToolKind } from '@shared/contract'
import { CodeBlock } from '../ui/code'

const field = (input: unknown, name: string): unknown =>
  typeof input === 'object' && input !== null ? Object.entries(input).find(([key]) => key === name)?.[1] : undefined

/** A command line, whether the runtime gives it as text or as a list of words. */
export function commandOf(input: unknown): string | undefined {
  const command = field(input, 'command') ?? field(input, 'cmd')
  if (typeof command === 'string') return command
  return Array.isArray(command) ? command.map(String).join(' ') : undefined
}

/** What a tool was given: a command as a command, the rest as JSON. A file change is told by its diff. */
export function ToolInput(props: { kind: ToolKind; input: unknown; hasDiff?: boolean }) {
  const command = () => commandOf(props.input)
  const json = () => {
    if (props.input === undefined || props.input === null || props.hasDiff) return undefined
    if (typeof props.input === 'string') return props.input
    return JSON.stringify(props.input, null, 2)
  }
  return (
    <Show
      when={command()}
      fallback={<Show when={json()}>{(json) => <CodeBlock text={json()} language="json" />}</Show>}
    >
      {(command) => <CodeBlock text={command()} language="bash" />}
    </Show>
  )
}
