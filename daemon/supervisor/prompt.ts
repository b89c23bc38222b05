import type { LaunchPromptSnapshot } from '@shared/gen/nekode/daemon/v1/runs_pb'

/** The turn itself, and where it happens: they change from run to run, everything else is the agent's own. */
const TURN = 'message_context'
const PLACE = 'run_context'

export interface Prompt {
  /** What the runtime is told at its start, the same for all runs until someone changes the agent. */
  launch: string
  /** Where the conversation is and who is there. */
  place: string
  /** What was said. */
  message: string
}

/** Takes the parts of a launch prompt apart. `fallback` is the turn's text when the snapshot has no message. */
export function promptOf(snapshot: LaunchPromptSnapshot, fallback: string): Prompt {
  const sections = snapshot.sections.filter(({ content }) => content.trim() !== '')
  const find = (wanted: string) => sections.find(({ name }) => name === wanted)?.content.trim() ?? ''
  const launch = sections
    .filter(({ name }) => name !== TURN && name !== PLACE)
    .map(({ name, content }) => `## ${name}\n${content.trim()}`)
    .join('\n\n')
  return {
    launch: launch || (sections.length === 0 ? snapshot.content : ''),
    place: find(PLACE),
    message: find(TURN) || fallback,
  }
}

/** The text of a turn. `tellPlace` when the agent's last turn was somewhere else. */
export const turnText = ({ place, message }: Prompt, tellPlace: boolean): string =>
  place === '' || !tellPlace ? message : `<run_context>\n${place}\n</run_context>\n\n${message}`
