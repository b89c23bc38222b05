import type { Output } from '@shared/cli/output'
import { neutralise } from '@shared/cli/text'
import type { Result } from './verb'
import type { Command } from './verbs'

/** Prints what a command said: to programs one JSON object a command, also for one that says nothing. */
export function showResult(
  ran: { command: Command; result: Result | undefined } | undefined,
  out: Output,
  line?: number,
): void {
  if (!ran) return
  const { command, result } = ran
  out.item(
    { command: command.verb.name, ...(line === undefined ? {} : { line }), result: result?.value ?? null },
    // What comes from the room could steer the terminal; a file or a program gets it as it is.
    () => (out.host.tty.out ? neutralise(result?.text ?? '') : (result?.text ?? '')),
  )
}
