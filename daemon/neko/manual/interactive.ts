import type { Output } from '@shared/cli/output'
import { oneLine } from '@shared/cli/text'
import type { Desk } from './manual'
import type { ManualSession } from './session'
import { showResult } from './show'
import type { Terminal } from './terminal'

export interface InteractiveOptions {
  session: ManualSession
  terminal: Terminal
  out: Output
  /** Each line that was entered. */
  onLine: (line: string) => void
  signal: AbortSignal
}

/**
 * Runs what a person types, one command after another, until they leave. Ctrl-C ends the command that runs; where none does it leaves.
 */
export async function converse({ session, terminal, out, onLine, signal }: InteractiveOptions): Promise<void> {
  const waiting: string[] = []
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  let isRunning = false
  const next = async (): Promise<void> => {
    if (isRunning) return
    isRunning = true
    for (let line = waiting.shift(); line !== undefined && !session.ended; line = waiting.shift()) await run(line)
    isRunning = false
    if (session.ended) end()
    else terminal.prompt()
  }
  const run = async (line: string): Promise<void> => {
    try {
      showResult(await session.run(line), out)
    } catch (error) {
      if (!signal.aborted) out.error(error)
    }
  }
  terminal.listen(
    (line) => {
      onLine(line)
      waiting.push(line)
      void next()
    },
    () => {
      waiting.length = 0
      if (isRunning) session.interrupt()
      else end()
    },
    () => end(),
  )
  signal.addEventListener('abort', () => end(), { once: true })
  terminal.prompt()
  await over
  session.interrupt()
}

/** Tells a person what happens in the room beside their commands. @returns what ends it */
export function narrate(desk: Desk, note: (text: string) => void): () => void {
  const name = (id: string): string => oneLine(desk.state.sessions.get(id)?.profile.name ?? id)
  let hostId = desk.state.hostId
  const ends = [
    desk.onChange('host', (now) => {
      if (now.hostId === hostId) return
      hostId = now.hostId
      note(hostId === null ? 'Nobody steers.' : now.mine ? 'You steer.' : `${name(hostId)} steers.`)
    }),
    desk.onChange('down', ({ reason, final }) =>
      note(`The connection is gone: ${oneLine(reason)}${final ? '' : ' It is made again.'}`),
    ),
    desk.onChange('up', () => note('Connected again.')),
    desk.on('control/request', ({ id }) => note(`${name(id)} asks to steer. Let them: give ${oneLine(id)}`)),
    desk.on('chat/message', ({ id, content }) => {
      if (id !== desk.state.sessionId) note(`${name(id)}: ${oneLine(content.text)}`)
    }),
    desk.on('screen/updated', ({ width, height, rate }) => note(`The screen has ${width}x${height}@${rate}.`)),
    desk.on('file_chooser_dialog/opened', () => note('A file dialog is open. Give it files: dialog FILE…')),
  ]
  return () => {
    for (const end of ends) end()
  }
}

/** What is said about a room before the first prompt: what stands in the way of steering. */
export function warnings(desk: Desk): string[] {
  const { settings, sessions, sessionId } = desk.state
  const profile = sessions.get(sessionId)?.profile
  return [
    ...(profile?.can_host === false ? ['This session may watch, but not steer.'] : []),
    ...(settings.private_mode && !profile?.is_admin ? ['The room is in private mode: only administrators steer.'] : []),
    ...(settings.locked_controls && !profile?.is_admin ? ['The controls are locked: only administrators steer.'] : []),
    ...(settings.control_protection
      ? ['Control is protected: somebody may steer only while an administrator is there.']
      : []),
  ]
}
