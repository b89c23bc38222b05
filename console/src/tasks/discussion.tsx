import { A } from '@solidjs/router'
import { createSignal, onCleanup, Show } from 'solid-js'
import type { Task } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Conversation } from '../messages/conversation'
import { canWrite } from '../store/session'
import { Button } from '../ui/button'
import { TextArea } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { fetchTask } from './store'

/** What is said about a task: its thread, once somebody has said something. */
export function Discussion(props: { task: Task }) {
  let box: HTMLElement | undefined
  // The field to write in takes the focus when it comes; here the reader has come for the task.
  const timer = setTimeout(() => box?.removeAttribute('inert'), 400)
  onCleanup(() => clearTimeout(timer))
  return (
    <Show when={props.task.threadId} fallback={<First task={props.task} />}>
      {(threadId) => (
        <section class="col gap-2" aria-label={t('task.tab.talk')}>
          <A
            href={conversationPath(props.task.target, { thread: threadId() })}
            class="row gap-1.5 self-end text-[13px] text-soft hover:text-ink hover:underline rounded"
          >
            <Icon name="i-lucide-message-square-text" />
            {t('task.inChannel')}
          </A>
          <div
            ref={(element) => (box = element)}
            inert
            class="col h-[min(36rem,70dvh)] rounded-xl border border-line overflow-hidden"
          >
            <Show when={threadId()} keyed>
              {(id) => <Conversation target={props.task.target} threadId={id} intro={<span />} />}
            </Show>
          </div>
        </section>
      )}
    </Show>
  )
}

/** The first comment begins the thread. */
function First(props: { task: Task }) {
  const [text, setText] = createSignal('')
  const request = createRequest()
  const send = async () => {
    const content = text().trim()
    if (!content) return
    const done = await request.run(async () => {
      await call('POST /api/tasks/{id}/comments', { params: { id: props.task.id }, body: { content } })
      await fetchTask(props.task.id)
    })
    if (done) setText('')
  }
  return (
    <Show when={canWrite()} fallback={<p class="text-soft">{t('task.noComments')}</p>}>
      <form
        class="col gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
        onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && void send()}
      >
        <TextArea
          label={t('task.comment')}
          hint={t('task.commentHint')}
          value={text()}
          maxLength={40_000}
          onInput={setText}
        />
        <ErrorNotice error={request.error()} />
        <Button
          kind="primary"
          size="sm"
          type="submit"
          class="self-start max-md:h-10"
          busy={request.busy()}
          disabled={!text().trim()}
        >
          {t('task.sendComment')}
        </Button>
      </form>
    </Show>
  )
}
