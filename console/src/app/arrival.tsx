import { useLocation, useNavigate } from '@solidjs/router'
import { createEffect, on, onMount } from 'solid-js'
import { installWorker } from '../pwa/register'
import { viewTitle } from '../ui/title'
import { unreadTotal } from './unread'

/** What a browser does by itself when a page is a document of its own: the title, its announcement, and where the focus is. */
export function Arrival() {
  const location = useLocation()
  const navigate = useNavigate()
  onMount(() => installWorker(navigate))
  createEffect(() => {
    const name = viewTitle() ? `${viewTitle()} – Nekode` : 'Nekode'
    document.title = unreadTotal() > 0 ? `(${unreadTotal()}) ${name}` : name
  })
  createEffect(
    on(
      () => location.pathname,
      () => requestAnimationFrame(focusView),
      { defer: true },
    ),
  )
  return (
    <p aria-live="polite" class="sr-only">
      {viewTitle()}
    </p>
  )
}

/** Puts the focus at the start of the view, unless the view has put it somewhere or a dialog holds it. */
function focusView(): void {
  const main = document.getElementById('main')
  if (main?.contains(document.activeElement) || document.querySelector('dialog[open], :popover-open')) return
  main?.focus({ preventScroll: true })
}
