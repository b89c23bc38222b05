import { createSignal } from 'solid-js'
import { t } from '../i18n'
import { Button, IconButton } from './button'
import { toast } from './toast'

/** Puts text on the clipboard, also where the page is served without TLS and the browser's clipboard is locked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Not a secure origin, or refused: the old way still works.
    const area = Object.assign(document.createElement('textarea'), { value: text, readOnly: true })
    area.style.position = 'fixed'
    area.style.opacity = '0'
    const host = document.querySelector('dialog[open]') ?? document.body
    host.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

/** Copies `text`; the icon becomes a tick for a moment. */
export function CopyButton(props: { text: string; label?: string; wide?: boolean; class?: string }) {
  const [done, setDone] = createSignal(false)
  const copy = async () => {
    if (!(await copyText(props.text))) return toast('bad', t('common.copyFailed'))
    setDone(true)
    setTimeout(() => setDone(false), 1600)
  }
  const icon = () => (done() ? 'i-lucide-check text-ok' : 'i-lucide-copy')
  const label = () => (done() ? t('common.copied') : (props.label ?? t('common.copy')))
  return props.wide ? (
    <Button size="sm" icon={icon()} onClick={copy}>
      {label()}
    </Button>
  ) : (
    <IconButton icon={icon()} label={label()} class={props.class} onClick={copy} />
  )
}
