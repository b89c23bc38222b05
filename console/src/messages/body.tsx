import { createMemo, For, Show } from 'solid-js'
import type { Mention } from '@shared/contract'
import { state } from '../store/state'
import { CodeBlock } from '../ui/code'
import { cx } from '../ui/cx'
import { toBlocks, type Block } from './markdown'

/** Markdown as it reads. */
export function Prose(props: { text: string; mentions?: Mention[] | undefined; small?: boolean }) {
  const names = createMemo(() => ({
    mentioned: new Set((props.mentions ?? []).map((mention) => mention.name.toLowerCase())),
    me: state.me?.username ?? '',
  }))
  const blocks = createMemo<Block[]>((before) => toBlocks(props.text, names(), before), [])
  return (
    <div class={cx('prose', props.small && 'small')}>
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
    </div>
  )
}
