import '../i18n/en/agentpage'
import { UsageView } from './view'

/** What all agents of the server took, for those who pay for it. */
export default function UsageSettings() {
  return <UsageView />
}
