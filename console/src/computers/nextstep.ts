import type { RuntimeInfo } from '@shared/contract'
import { t } from '../i18n'

/** What a person does to make a runtime usable: in the daemon's own words, which know the command. */
export function nextStepText(runtime: RuntimeInfo): string {
  if (runtime.nextStep) return runtime.nextStep
  if (!runtime.installed) return t('runtime.installNext')
  return runtime.login === 'no' ? t('runtime.loginNext') : ''
}
