import { createEffect, onMount } from 'solid-js'
import { loadLater } from './idle'
import { preparePalette } from './switcher'
import { unreadTotal } from './unread'

/** Keeps the number on the icon of the installed app. What the first screen can do without is fetched from here: the inbox and the palette. */
export function Counts() {
  onMount(() => {
    loadLater(
      () => import('../inbox/store'),
      ({ startInbox }) => startInbox(),
    )
    loadLater(preparePalette, () => undefined)
  })
  createEffect(() => void showBadge(unreadTotal()))
  return null
}

async function showBadge(count: number): Promise<void> {
  try {
    if ('setAppBadge' in navigator) await navigator.setAppBadge(count)
  } catch {
    // The browser knows it but does not allow it here.
  }
}
