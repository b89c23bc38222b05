import type { Task } from '@shared/contract'
import { ApiError } from '../api/client'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { errorNext, errorText } from '../i18n/errors'
import { toast } from '../ui/toast'
import { isState } from './rules'

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.flatMap((one: unknown) => (one === undefined ? [] : [String(one)])) : []

const stateNames = (value: unknown): string =>
  strings(value)
    .filter(isState)
    .map((state) => t(`task.state.${state}`))
    .join(', ')

/** Why a change of a task was refused, and what can be done, in the reader's language. */
export function reasonOf(error: unknown, task?: Task): { text: string; next?: string | undefined } {
  if (!(error instanceof ApiError)) return { text: errorText(error), next: errorNext(error) }
  const { data, code } = error
  const from = String(data?.['state'] ?? task?.state ?? '')
  if (code === 'illegal_transition' && isState(from))
    return {
      text: t('task.refused.illegal', { state: t(`task.state.${from}`) }),
      next: t('task.refused.illegalNext', { states: stateNames(data?.['allowed']) }),
    }
  if (code === 'dependencies_open')
    return {
      text: t('task.refused.waits', {
        tasks: strings(data?.['open'])
          .map((n) => `#${n}`)
          .join(', '),
      }),
      next: t('task.refused.waitsNext'),
    }
  if (code === 'stale') return { text: t('task.refused.stale'), next: t('task.refused.staleNext') }
  if (code === 'cycle') return { text: t('task.refused.cycle') }
  if (code === 'lease_lost') return { text: t('task.refused.leaseLost') }
  return { text: errorText(error), next: errorNext(error) }
}

/** Says in the corner why a task stays as it was. */
export function refuse(error: unknown, task?: Task): void {
  const { text, next } = reasonOf(error, task)
  toast('bad', task ? `#${task.number}: ${text}` : text, next)
}
