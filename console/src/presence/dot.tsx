import { t } from '../i18n'
import { cx } from '../ui/cx'
import { personState } from './people'

const looks = {
  online: 'bg-ok',
  away: 'border-2 border-warn bg-canvas',
  offline: 'border-2 border-edge bg-canvas',
} as const

/** Whether a person has the console open, for those who look and for those who listen. */
export const PersonDot = (props: { userId: string; class?: string }) => (
  <span
    role="img"
    aria-label={t(`person.${personState(props.userId)}`)}
    title={t(`person.${personState(props.userId)}`)}
    class={cx('inline-block size-2.25 shrink-0 rounded-full', looks[personState(props.userId)], props.class)}
  />
)
