import type { DecisionStatus } from '@shared/contract'
import '../i18n/en/decisions'
import { t } from '../i18n'
import { Badge } from '../ui/badge'

const tones = { proposed: 'info', ratified: 'ok', rejected: 'bad', withdrawn: undefined, retired: undefined } as const

/** Whether it is proposed, in force, or over. */
export const DecisionBadge = (props: { status: DecisionStatus }) => (
  <Badge tone={tones[props.status]}>{t(`decision.status.${props.status}`)}</Badge>
)
