import type { ReleaseGate, TaskCheck } from '@shared/contract'

/** One result as a form has it. */
export interface CheckDraft {
  name: string
  status: TaskCheck['status']
  command: string
}

/** What a form begins with: a result for each check that is required and has not passed. */
export const firstChecks = ({ requiredChecks, checks }: Pick<ReleaseGate, 'requiredChecks' | 'checks'>): CheckDraft[] =>
  requiredChecks
    .filter((name) => !checks.some((check) => check.name === name && check.status === 'passed'))
    .map((name) => ({ name, status: 'passed', command: '' }))

/** Hashes of commits in a text, and the first word that is none. */
export function commitsIn(text: string): { ids: string[]; wrong: string | undefined } {
  const words = text
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean)
  return { ids: [...new Set(words)], wrong: words.find((word) => !/^[0-9a-f]{7,64}$/.test(word)) }
}

/** What is sent: results without a name say nothing. A command tells what kind of check it was. */
export const checksOf = (drafts: readonly CheckDraft[]) =>
  drafts
    .filter(({ name }) => name.trim() !== '')
    .map(({ name, status, command }) => ({
      name: name.trim(),
      kind: command.trim() === '' ? ('manual' as const) : ('command' as const),
      status,
      ...(command.trim() === '' ? {} : { command: command.trim() }),
    }))
