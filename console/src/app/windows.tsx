import { createSignal, Show, Suspense, type Component } from 'solid-js'
import { lazy } from './lazy'
import { Dynamic } from 'solid-js/web'

interface WindowProps {
  open: boolean
  onClose: () => void
}

/** Windows that can be opened from anywhere; each is loaded when it is opened first. */
const windows = {
  createChannel: lazy(() => import('../channels/create').then((m) => ({ default: m.CreateChannel }))),
  browseChannels: lazy(() => import('../channels/browse').then((m) => ({ default: m.BrowseChannels }))),
  createAgent: lazy(() => import('../agents/create').then((m) => ({ default: m.CreateAgent }))),
  newDm: lazy(() => import('../channels/person').then((m) => ({ default: m.PickPerson }))),
} satisfies Record<string, Component<WindowProps>>

export type WindowName = keyof typeof windows

const [shown, setShown] = createSignal<WindowName>()
export const openWindow = (name: WindowName): void => void setShown(name)

/** Where those windows are shown; once in the page. */
export const Windows = () => (
  <Suspense>
    <Show when={shown()} keyed>
      {(name) => <Dynamic component={windows[name]} open onClose={() => setShown(undefined)} />}
    </Show>
  </Suspense>
)
