import { createEffect, onMount } from 'solid-js'
import { unreadTotal } from './unread'

/** Keeps the number on the icon of the installed app, and follows the inbox for it once the first screen is there. */
export function Counts() {
  onMount(() => void import('../inbox/store').then(({ startInbox }) => startInbox()))
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
