import { Match, Switch } from 'solid-js'
import { CodeBlock } from '../ui/code'
import { DiffView } from './diff'
import { changeOf, commandOf, textOf } from './toolinput'

/** What a tool was given: a command as a command, a file change as a diff, the rest as JSON. */
export function ToolInput(props: { input: unknown; hasDiff?: boolean }) {
  return (
    <Switch>
      <Match when={commandOf(props.input)}>{(command) => <CodeBlock text={command()} language="bash" />}</Match>
      <Match when={props.hasDiff}>{null}</Match>
      <Match when={changeOf(props.input)}>{(change) => <DiffView file={change()} />}</Match>
      <Match when={textOf(props.input)}>{(text) => <CodeBlock text={text()} language="json" />}</Match>
    </Switch>
  )
}
