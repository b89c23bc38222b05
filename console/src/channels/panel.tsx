import { Match, Suspense, Switch } from 'solid-js'
import { lazy } from '../app/lazy'
import type { Channel } from '@shared/contract'
import type { PanelName } from './panels'
import { SkeletonRows } from '../ui/skeleton'
import { SidePanel } from './side'

const Pins = lazy(() => import('./pins'))
const Decisions = lazy(() => import('../decisions/panel'))
const Topics = lazy(() => import('../topics/panel'))
const Debates = lazy(() => import('../debates/panel'))

interface PanelProps {
  name: PanelName
  channel: Channel
  onClose: () => void
  onThread: (id: string) => void
}

/** What a channel holds besides its messages, beside them; on a phone instead of them. */
export default function ChannelPanel(props: PanelProps) {
  return (
    <Suspense fallback={<Waiting onClose={props.onClose} />}>
      <Switch>
        <Match when={props.name === 'pins'}>
          <Pins channel={props.channel} onClose={props.onClose} onThread={props.onThread} />
        </Match>
        <Match when={props.name === 'decisions'}>
          <Decisions channel={props.channel} onClose={props.onClose} />
        </Match>
        <Match when={props.name === 'topics'}>
          <Topics channel={props.channel} onClose={props.onClose} onThread={props.onThread} />
        </Match>
        <Match when={props.name === 'debates'}>
          <Debates channel={props.channel} onClose={props.onClose} onThread={props.onThread} />
        </Match>
      </Switch>
    </Suspense>
  )
}

const Waiting = (props: { onClose: () => void }) => (
  <SidePanel title="" onClose={props.onClose}>
    <SkeletonRows count={3} />
  </SidePanel>
)
