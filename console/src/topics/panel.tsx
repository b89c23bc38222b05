import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Channel, Topic } from '@shared/contract'
import '../i18n/en/panels'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { createLoad } from '../app/load'
import { SidePanel } from '../channels/side'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { mayManage, mayWrite } from '../messages/allowed'
import { createCollection } from '../store/collection'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Empty } from '../ui/empty'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'

/** The topics of the channels that were looked at. */
const topics = createCollection<Topic>({
  ofEvent: (event) => (event.kind === 'topic' ? event.payload : undefined),
  idOf: (topic) => topic.threadId,
  age: (topic) => topic.updatedAt,
})

interface PanelProps {
  channel: Channel
  onClose: () => void
  onThread: (id: string) => void
}

/** The threads of a channel that have names. */
export default function TopicsPanel(props: PanelProps) {
  const [adding, setAdding] = createSignal(false)
  const [cursor, setCursor] = createSignal<string>()
  const target = () => props.channel.target
  const page = async (target: string, after?: string) => {
    const query = { limit: 100, ...(after ? { cursor: after } : {}) }
    const { items, nextCursor } = await call('GET /api/channels/{target}/topics', { params: { target }, query })
    topics.put(...items)
    setCursor(nextCursor)
    return true
  }
  const loaded = createLoad(
    () => ({ target: target(), era: topics.era() }),
    ({ target }) => page(target),
  )
  const all = createMemo(() =>
    Object.values(topics.items)
      .filter((topic) => topic.target === target())
      .sort((a, b) => Number(a.closedAt !== null) - Number(b.closedAt !== null) || b.number - a.number)
      .map(({ threadId }) => threadId),
  )
  const add = (
    <Show when={mayWrite(state.me, props.channel)}>
      <Button size="sm" icon="i-lucide-plus" onClick={() => setAdding(true)}>
        {t('topics.new')}
      </Button>
    </Show>
  )
  return (
    <SidePanel title={t('topics.title')} action={add} onClose={props.onClose}>
      <ErrorNotice error={loaded.error()} />
      <Show when={loaded.value() || loaded.error()} fallback={<SkeletonRows count={3} />}>
        <ul class="col -mx-2">
          <For
            each={all()}
            fallback={<Empty icon="i-lucide-list-tree" title={t('topics.none')} text={t('topics.noneText')} />}
          >
            {(id) => (
              <Show when={topics.items[id]}>
                {(topic) => <Row topic={topic()} channel={props.channel} onOpen={() => props.onThread(id)} />}
              </Show>
            )}
          </For>
        </ul>
        <Show when={cursor()}>
          {(after) => (
            <Button size="sm" onClick={() => void act(() => page(target(), after()))}>
              {t('panel.more')}
            </Button>
          )}
        </Show>
      </Show>
      <Show when={adding()}>
        <NewTopic target={target()} onClose={() => setAdding(false)} onMade={props.onThread} />
      </Show>
    </SidePanel>
  )
}

function Row(props: { topic: Topic; channel: Channel; onOpen: () => void }) {
  const may = () =>
    mayWrite(state.me, props.channel) &&
    (props.topic.createdBy.id === state.me?.id || mayManage(state.me, props.channel))
  const close = (closed: boolean) =>
    act(async () => {
      const { target, number } = props.topic
      topics.put(
        await call('PATCH /api/channels/{target}/topics/{number}', { params: { target, number }, body: { closed } }),
      )
    })
  return (
    <li class="row gap-1 rounded-lg hover:bg-hover">
      <button
        type="button"
        class="col flex-1 min-w-0 px-2 py-2 text-left rounded-lg -outline-offset-2"
        onClick={() => props.onOpen()}
      >
        <span class="row gap-2 min-w-0">
          <span class="text-faint tabular-nums">{props.topic.number}</span>
          <span class="font-550 truncate">{props.topic.title}</span>
          <Show when={props.topic.closedAt !== null}>
            <Badge tone="ok">{t('topics.closed')}</Badge>
          </Show>
        </span>
        <span class="text-[12.5px] text-soft">
          {t('message.replies', { n: props.topic.replyCount })} ·{' '}
          {relative(props.topic.lastReplyAt ?? props.topic.createdAt)}
        </span>
      </button>
      <Show when={may()}>
        <IconButton
          icon={props.topic.closedAt === null ? 'i-lucide-circle-check' : 'i-lucide-rotate-ccw'}
          label={t(props.topic.closedAt === null ? 'topics.close' : 'topics.reopen')}
          onClick={() => void close(props.topic.closedAt === null)}
        />
      </Show>
    </li>
  )
}

function NewTopic(props: { target: string; onClose: () => void; onMade: (threadId: string) => void }) {
  const [title, setTitle] = createSignal('')
  const [content, setContent] = createSignal('')
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const topic = await call('POST /api/channels/{target}/topics', {
        params: { target: props.target },
        body: { title: title().trim(), ...(content().trim() ? { content: content().trim() } : {}) },
      })
      topics.put(topic)
      props.onClose()
      props.onMade(topic.threadId)
    })
  }
  return (
    <Dialog open title={t('topics.new')} subtitle={t('topics.newText')} onClose={props.onClose}>
      <form class="col gap-4" onSubmit={submit}>
        <TextField
          label={t('topics.name')}
          value={title()}
          onInput={setTitle}
          error={request.wrong('title')}
          maxlength={200}
          required
          ref={(input) => queueMicrotask(() => input.focus())}
        />
        <TextArea
          label={t('topics.content')}
          value={content()}
          onInput={setContent}
          error={request.wrong('content')}
          maxlength={39_000}
        />
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={props.onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()}>
            {t('topics.submit')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
