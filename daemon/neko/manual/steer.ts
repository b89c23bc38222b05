import { oneLine } from '@shared/cli/text'
import { NekodeError } from '@shared/errors'
import type { Manual } from './manual'
import { sessionOf, sessionIds } from './people'
import { number, said, type Result, type Verb } from './verb'

/** How long a server takes to say who is host. */
const ANSWER_MS = 3000

const hostName = ({ desk }: Manual): string => {
  const { hostId, sessions } = desk.state
  return hostId === null ? 'Nobody' : oneLine(sessions.get(hostId)?.profile.name ?? hostId)
}

/** Waits until the room is as it should be; it is so at once when the server was faster than this. */
async function until(manual: Manual, holds: () => boolean, message: () => string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const check = (): void => {
    if (holds()) resolve()
  }
  const ends = [manual.desk.onChange('host', check), manual.desk.onChange('up', check)]
  const late = setTimeout(
    () => reject(new NekodeError('unavailable', message(), { code: 'host_unchanged' })),
    ANSWER_MS,
  )
  const abort = (): void => reject(manual.signal.reason)
  manual.signal.addEventListener('abort', abort)
  check()
  try {
    await promise
  } finally {
    clearTimeout(late)
    manual.signal.removeEventListener('abort', abort)
    for (const end of ends) end()
  }
}

async function become(manual: Manual, timeoutMs: number): Promise<Result> {
  await manual.desk.acquire({ timeoutMs, signal: manual.signal })
  return said('You steer.', { host: true })
}

export const steer: readonly Verb[] = [
  {
    name: 'host',
    topic: 'control',
    usage: '',
    about: 'Ask to steer',
    words: [0, 0],
    run: (manual) => become(manual, ANSWER_MS),
  },
  {
    name: 'wait-host',
    topic: 'control',
    usage: '[SECONDS=30]',
    about: 'Ask to steer, and wait until it is so',
    words: [0, 1],
    run: (manual, [seconds = '30']) => become(manual, number('SECONDS', seconds) * 1000),
  },
  {
    name: 'unhost',
    topic: 'control',
    usage: '',
    about: 'Let somebody else steer, and do not ask for it again',
    words: [0, 0],
    run: async (manual) => {
      manual.input.release()
      manual.desk.release()
      await until(
        manual,
        () => !manual.desk.isHost,
        () => 'The server does not say that this session has let go.',
      )
      return said('You no longer steer.', { host: false })
    },
  },
  {
    name: 'who',
    topic: 'control',
    usage: '',
    about: 'Show who steers',
    words: [0, 0],
    run: async (manual) => {
      const { hostId } = manual.desk.state
      return said(manual.desk.isHost ? 'You steer.' : `${hostName(manual)} steers.`, {
        hostId,
        mine: manual.desk.isHost,
      })
    },
  },
  {
    name: 'give',
    topic: 'control',
    usage: 'ID',
    about: 'Let a certain session steer (host or administrator)',
    words: [1, 1],
    complete: (_words, manual) => sessionIds(manual),
    run: async (manual, [who = '']) => {
      const id = sessionOf(manual, who)
      manual.input.release()
      await manual.desk.rest.control.give(id, { signal: manual.signal })
      await until(
        manual,
        () => manual.desk.state.hostId === id,
        () => 'The server does not say that it steers now.',
      )
      return said(`${hostName(manual)} steers.`, { hostId: id })
    },
  },
  {
    name: 'force-take',
    topic: 'control',
    usage: '',
    about: 'Steer, whoever does now (administrator)',
    words: [0, 0],
    run: async (manual) => {
      await manual.desk.rest.control.take({ signal: manual.signal })
      await until(
        manual,
        () => manual.desk.isHost,
        () => 'The server does not say that this session steers now.',
      )
      return said('You steer.', { host: true })
    },
  },
  {
    name: 'force-release',
    topic: 'control',
    usage: '',
    about: 'Let nobody steer, whoever does now (administrator)',
    words: [0, 0],
    run: async (manual) => {
      // Else it would be asked for again at once.
      manual.desk.release()
      const before = manual.desk.state.hostId
      await manual.desk.rest.control.reset({ signal: manual.signal })
      // Somebody who waits for it may steer at once.
      await until(
        manual,
        () => manual.desk.state.hostId === null || manual.desk.state.hostId !== before,
        () => 'The server does not say that anybody has let go.',
      )
      return said(`${hostName(manual)} steers.`, { hostId: manual.desk.state.hostId })
    },
  },
]
