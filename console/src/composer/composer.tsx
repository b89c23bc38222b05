import { useNavigate } from '@solidjs/router'
import { createEffect, createMemo, createSignal, on, onMount, Show } from 'solid-js'
import type { MessageKind } from '@shared/contract'
import { Chips } from '../attachments/chips'
import { DropZone } from '../attachments/drop'
import { addFiles, removeFile, takeTray, trayOf } from '../attachments/tray'
import { channelTitle } from '../app/unread'
import { t } from '../i18n'
import { Prose } from '../messages/body'
import { editLast } from '../messages/editing'
import { send } from '../store/outbox'
import { listKey, state } from '../store/state'
import { toast } from '../ui/toast'
import { Bar } from './bar'
import { createCompletion } from './completion'
import { parseCommand } from './commands/parse'
import { draftOf, setDraft } from './drafts'
import { applyEdit, selectedIn } from './edit'
import { Field } from './field'
import { quoted } from './format'
import { createKeys } from './keys'
import { longest } from './longest'
import { OutsideHint } from './names'
import { Line, OfferLine } from './notices'
import { createOrders, OrderLine } from './order'
import { createPaste, PastedLine } from './paste'
import { everybody } from './people'
import { QuoteButton } from './quote'
import { createSources } from './sources'
import './sync'

export { longest } from './longest'

interface Conversation {
  target: string
  threadId: string | null
}

/** Where a message is written. What is typed and attached stays when the reader goes elsewhere. */
export function Composer(props: Conversation) {
  const navigate = useNavigate()
  const key = () => listKey(props.target, props.threadId)
  const text = () => draftOf(key())
  const setText = (text: string) => setDraft(key(), text)
  const [kind, setKind] = createSignal<MessageKind>('note')
  const [previewing, setPreviewing] = createSignal(false)
  const [held, setHeld] = createSignal(false)
  const [zone, setZone] = createSignal<HTMLElement | null>(null)
  let root: HTMLDivElement | undefined
  let area: HTMLTextAreaElement | undefined
  const people = createMemo(() => everybody(props.target))
  const completion = createCompletion({
    find: createSources(
      () => props.target,
      people,
      () => props.threadId !== null,
    ),
    setText,
    area: () => area,
  })
  const attach = (files: File[]) => addFiles(key(), props.target, files)
  const paste = createPaste({ area: () => area, addFiles: attach })
  const orders = createOrders(() => ({ target: props.target, threadId: props.threadId, navigate }))
  const files = () => trayOf(key())
  const stuck = () => held() && files().some(({ state }) => state === 'failed')
  const blocked = () => orders.busy() || text().length > longest || (!text().trim() && files().length === 0)

  const reset = () => {
    completion.close()
    paste.dismiss()
    orders.dismiss()
    setPreviewing(false)
    setHeld(false)
    setKind('note')
  }
  createEffect(on(key, reset, { defer: true }))
  onMount(() => setZone(root?.closest<HTMLElement>('section, aside') ?? null))

  const sendNow = () => {
    const content = text().trim()
    setHeld(true)
    if (blocked() || stuck()) return
    const waits = files().some(({ state }) => state !== 'done')
    const written = { content, kind: kind(), uploadIds: takeTray(key()) }
    setText('')
    reset()
    void send(props.target, props.threadId, written)
    if (waits) toast('info', t('composer.uploading'))
    area?.focus()
  }
  const submit = () => {
    if (blocked()) return
    if (!parseCommand(text())) return sendNow()
    if (files().length > 0) return orders.setStanding({ question: t('composer.commandFiles') })
    const [from, written] = [key(), text()]
    void orders.carryOut(written).then((done) => {
      // What was written in the meantime is something else.
      if (done && draftOf(from) === written) setDraft(from, '')
      area?.focus()
    })
  }
  const insert = (words: string) => {
    if (!area) return
    const { text, start, end } = selectedIn(area)
    applyEdit(area, {
      text: text.slice(0, start) + words + text.slice(end),
      start: start + words.length,
      end: start + words.length,
    })
  }
  const quote = (words: string) => {
    if (!area) return
    const next = quoted(area.value, words)
    applyEdit(area, { text: next, start: next.length, end: next.length })
  }
  const keydown = createKeys({
    completion,
    area: () => area,
    submit,
    isEmpty: () => text() === '' && files().length === 0,
    editLast: () => editLast(props.target, props.threadId),
  })
  return (
    <div
      ref={(element) => (root = element)}
      class="relative px-3 sm:px-5 pt-1 shrink-0 bg-canvas pb-[max(0.75rem,env(safe-area-inset-bottom))]"
    >
      <DropZone zone={zone} label={t('composer.drop')} onFiles={attach} />
      <QuoteButton zone={zone} onQuote={quote} />
      <OutsideHint target={props.target} text={text()} people={people()} />
      <OfferLine draftKey={key()} />
      <PastedLine paste={paste} />
      <OrderLine orders={orders} text={text()} onSendAnyway={sendNow} />
      <Show when={stuck()}>
        <Line icon="i-lucide-circle-alert" tone="bad">
          {t('composer.uploadFailed')}
        </Line>
      </Show>
      <div class="rounded-xl border border-edge bg-surface px-1.5 pt-1 pb-1 shadow-[var(--lift)] focus-within:border-accent focus-within:ring-3 focus-within:ring-accent/15">
        <Chips files={files()} onRemove={(id) => removeFile(key(), id)} />
        <div class={previewing() ? 'hidden' : undefined}>
          <Field
            ref={(element) => (area = element)}
            label={placeholder(props)}
            text={text()}
            completion={completion}
            onText={(text) => {
              orders.dismiss()
              setText(text)
            }}
            onKeyDown={keydown}
            onPaste={paste.paste}
          />
        </div>
        <Show when={previewing()}>
          <div
            class="px-1.5 py-1 max-h-[40dvh] overflow-y-auto"
            tabindex="0"
            role="region"
            aria-label={t('composer.preview')}
          >
            <Prose text={text()} mentions={people()} />
          </div>
        </Show>
        <Bar
          kind={kind()}
          onKind={setKind}
          previewing={previewing()}
          onPreview={(on) => {
            setPreviewing(on)
            if (!on) queueMicrotask(() => area?.focus())
          }}
          onFiles={attach}
          onEmoji={(emoji) => insert(`${emoji} `)}
          length={text().length}
          blocked={blocked()}
          onSend={submit}
        />
      </div>
    </div>
  )
}

function placeholder({ target, threadId }: Conversation): string {
  if (threadId) return t('composer.thread')
  const channel = state.channels[target]
  const title = channel ? channelTitle(channel) : target
  return channel?.kind === 'dm' ? t('composer.dm', { name: title }) : t('composer.channel', { name: title })
}
