import type { Run, RunState } from '@shared/contract'
import { t } from '../i18n'
import { Badge, type Tone } from '../ui/badge'

const looks: Record<RunState, { tone: Tone; icon: string }> = {
  queued: { tone: 'plain', icon: 'i-lucide-clock' },
  starting: { tone: 'info', icon: 'i-lucide-loader-circle animate-spin' },
  running: { tone: 'info', icon: 'i-lucide-loader-circle animate-spin' },
  waiting_approval: { tone: 'warn', icon: 'i-lucide-shield-question' },
  completed: { tone: 'ok', icon: 'i-lucide-check' },
  failed: { tone: 'bad', icon: 'i-lucide-x' },
  canceled: { tone: 'plain', icon: 'i-lucide-square' },
}

/** A run's state as a word. */
export const StateBadge = (props: { run: Run }) => (
  <Badge tone={looks[props.run.state].tone} icon={looks[props.run.state].icon}>
    {t(`run.${props.run.state}`)}
  </Badge>
)
