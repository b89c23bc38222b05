import { createSignal, onMount } from 'solid-js'
import type { Message } from '@shared/contract'
import '../i18n/en/messages'
import { longest } from '../composer/composer'
import { t } from '../i18n'
import { Button } from '../ui/button'
import { confirm } from '../ui/confirm'
import { deleteMessage, saveEdit } from './actions'
import { editing, endEdit, startEdit } from './editing'

/** An own message as a field: Enter saves, Esc leaves it as it was. */
export function Editor(props: { message: Message; inThread: boolean }) {
  const [text, setText] = createSignal(editing()?.text ?? props.message.content)
  let area: HTMLTextAreaElement | undefined
  const grow = () => {
    if (!area) return
    area.style.height = 'auto'
    area.style.height = `${area.scrollHeight}px`
  }
  onMount(() => {
    grow()
    area?.focus()
    area?.setSelectionRange(text().length, text().length)
    area?.scrollIntoView({ block: 'nearest' })
  })
  const save = async () => {
    const content = text().trim()
    const { message, inThread } = props
    if (content.length > longest) return
    if (!content && message.attachments.length === 0) {
      const question = { title: t('edit.emptyTitle'), body: t('edit.emptyText'), action: t('act.delete'), danger: true }
      if (!(await confirm(question))) return area?.focus()
      endEdit()
      return deleteMessage(message.id)
    }
    endEdit()
    if (content === message.content.trim() || !content) return
    // What was written is not lost when the server refuses it.
    if (!(await saveEdit(message, content))) startEdit(message.id, inThread, content)
  }
  const keydown = (event: KeyboardEvent) => {
    event.stopPropagation()
    if (event.isComposing) return
    if (event.key === 'Escape') endEdit()
    else if (event.key === 'Enter' && !event.shiftKey && !event.altKey) void save()
    else return
    event.preventDefault()
  }
  return (
    <div class="rounded-xl border border-accent bg-surface ring-3 ring-accent/15 my-1 px-3 pt-1.5 pb-2">
      <textarea
        ref={(element) => (area = element)}
        rows={1}
        value={text()}
        aria-label={t('edit.field')}
        aria-invalid={text().length > longest ? 'true' : undefined}
        onInput={(event) => {
          setText(event.currentTarget.value)
          grow()
        }}
        onKeyDown={keydown}
        class="block w-full resize-none bg-transparent text-[15px] leading-[1.5] max-h-[50dvh] outline-none!"
      />
      <div class="row flex-wrap gap-2 pt-1">
        <span class="flex-1 text-[12px] text-faint">
          {text().length > longest ? t('composer.tooLong', { n: text().length - longest }) : t('edit.hint')}
        </span>
        <Button size="sm" kind="ghost" onClick={endEdit}>
          {t('common.cancel')}
        </Button>
        <Button size="sm" kind="primary" disabled={text().length > longest} onClick={() => void save()}>
          {t('common.save')}
        </Button>
      </div>
    </div>
  )
}
