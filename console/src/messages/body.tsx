import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Mention } from '@shared/contract'
import { loadExtra } from '../app/idle'
import { state } from '../store/state'
import { CodeBlock } from '../ui/code'
import { cx } from '../ui/cx'
import type { Block, Names } from './markdown'
import { isPlain } from './plain'

type Markdown = typeof import('./markdown')

const [parser, setParser] = createSignal<Markdown>()
let isAsked = false

/** The parser, as soon as it is there. A page that shows only plain lines never asks for it. */
function markdown(): Markdown | undefined {
  if (!isAsked) {
    isAsked = true
    loadExtra(
      () => import('./markdown'),
      (loaded) => setParser(() => loaded),
    )
  }
  return parser()
}

/** Markdown as it reads. */
export function Prose(props: { text: string; mentions?: Mention[] | undefined; small?: boolean }) {
  return (
    <div class={cx('prose', props.small && 'small')}>
      <Show when={!isPlain(props.text)} fallback={<Lines text={props.text} />}>
        <Show when={markdown()} fallback={<Lines text={props.text} />}>
          {(parser) => <Parsed parser={parser()} text={props.text} mentions={props.mentions} />}
        </Show>
      </Show>
    </div>
  )
}

/** A text as it was written. */
const Lines = (props: { text: string }) => (
  <Show when={props.text}>
    <div>
      <p class="whitespace-pre-line">{props.text}</p>
    </div>
  </Show>
)

/** What was parsed lately, the latest last: a channel that is opened again shows the same messages. */
const parsed = new Map<string, Block[]>()
const KEPT = 500
/** Longer texts would fill the memory sooner than they save time. */
const KEPT_LENGTH = 20_000

function shown({ parser, text }: { parser: Markdown; text: string }, names: Names): Block[] {
  const key = JSON.stringify([names.me, [...names.mentioned], [...(names.channels ?? [])], text])
  const blocks = parsed.get(key) ?? parser.toBlocks(text, names)
  if (text.length > KEPT_LENGTH) return blocks
  parsed.delete(key)
  parsed.set(key, blocks)
  for (const oldest of parsed.keys()) {
    if (parsed.size <= KEPT) break
    parsed.delete(oldest)
  }
  return blocks
}

function Parsed(props: { parser: Markdown; text: string; mentions: Mention[] | undefined }) {
  // As a text, so that what happens in a channel draws nothing again that names it.
  const named = createMemo(() =>
    props.parser
      .channelsIn(props.text)
      .filter((name) => state.channels[`#${name}`] !== undefined)
      .join(' '),
  )
  const channels = createMemo(() => new Set(named().split(' ').filter(Boolean)))
  const names = createMemo(() => ({
    mentioned: new Set((props.mentions ?? []).map((mention) => mention.name.toLowerCase())),
    me: state.me?.username ?? '',
    channels: channels(),
  }))
  const blocks = createMemo<Block[]>(
    (before) => (before.length > 0 ? props.parser.toBlocks(props.text, names(), before) : shown(props, names())),
    [],
  )
  return (
    <For each={blocks()}>
      {(block) => (
        <Show
          when={block.type === 'code' && block}
          fallback={<div innerHTML={block.type === 'html' ? block.html : ''} />}
        >
          {(code) => <CodeBlock text={code().text} language={code().language} class="my-2" />}
        </Show>
      )}
    </For>
  )
}
