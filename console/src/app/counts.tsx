import { createEffect, onMount } from 'solid-js'
import { whenIdle } from './idle'
import { preparePalette } from './switcher'
import { unreadTotal } from './unread'

/** Keeps the number on the icon of the installed app. What the first screen can do without is fetched from here: the inbox and the palette. */
export function Counts() {
  onMount(() =>
    whenIdle(() => {
      void import('../inbox/store').then(({ startInbox }) => startInbox())
      preparePalette()
    }),
  )
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
