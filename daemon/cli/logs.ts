import { existsSync } from 'node:fs'
import { whole } from '@shared/cli/values'
import { NekodeError } from '@shared/errors'
import { serviceOf, subjectOf } from './background'
import { command } from './command'
import { Exit } from './exit'
import { configArg } from './settings'
import { endOf, follow, lastLines } from './tail'

export const logs = command({
  name: 'logs',
  description: 'Show the log of the daemon',
  args: {
    ...configArg,
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what comes, until Ctrl-C' },
    lines: { type: 'string', alias: 'n', valueHint: 'count', description: 'How many lines, from the end (20)' },
  },
  examples: ['nekode-daemon logs -n 100', 'nekode-daemon logs -f'],
  notes: ['Of a service of systemd it is what the journal has.'],
  async run({ args, host, out }) {
    const count = whole('lines', args.lines ?? '20', 0, 1_000_000)
    const subject = subjectOf(host.env, args.config)
    const { active } = await serviceOf(subject)
    if (active?.journal) return showJournal([...active.journal, `--lines=${count}`, ...(args.follow ? ['-f'] : [])])
    const path = active?.log ?? subject.log
    if (!existsSync(path))
      throw new NekodeError('not_found', `There is no log ${path}.`, {
        next: 'A daemon that was started with “nekode-daemon run” logs where its output goes; nekode-daemon start keeps a log.',
      })
    const show = (line: string): void => out.item({ line }, () => line)
    const end = endOf(path)
    for (const line of lastLines(path, count)) show(line)
    if (args.follow) await follow(path, end, show, host.interrupted())
    return Exit.ok
  },
})

/** The journal is shown by its own program, in this one's place. */
async function showJournal(argv: string[]): Promise<number> {
  const child = Bun.spawn(argv, { stdio: ['ignore', 'inherit', 'inherit'] })
  return (await child.exited) === 0 ? Exit.ok : Exit.failed
}
