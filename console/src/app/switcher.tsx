import { createSignal, Show, Suspense } from 'solid-js'
import { lazy } from './lazy'
import { Windows } from './windows'

const load = () => import('../palette/palette')
const Palette = lazy(load)
const [open, setOpen] = createSignal(false)

/** Opens the palette: everything by its name, and messages by what they say. */
export const openSwitcher = (): void => void setOpen(true)

/** Fetches the palette, so that the first press of its key is as quick as the second. */
export const preparePalette = (): Promise<unknown> => load()

/** Where the palette, and the windows that it opens, are shown; once in the page. */
export const Switcher = () => (
  <>
    <Show when={open()}>
      <Suspense>
        <Palette onClose={() => setOpen(false)} />
      </Suspense>
    </Show>
    <Windows />
  </>
)
