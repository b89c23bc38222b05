import type { Computer } from '@shared/contract'
import { t } from '../i18n'
import { cx } from '../ui/cx'

const looks: Record<Computer['status'], string> = { online: 'bg-ok', stale: 'bg-warn', offline: 'bg-edge' }

/** The colour of a computer's state, and its word for those who do not see it. */
export const ComputerDot = (props: { status: Computer['status'] }) => (
  <span
    class={cx('inline-block size-2 rounded-full shrink-0', looks[props.status])}
    title={t(`computer.${props.status}`)}
  >
    <span class="sr-only">{t(`computer.${props.status}`)}</span>
  </span>
)
