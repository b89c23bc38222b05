import { createMemo, For, Show } from 'solid-js'
import { call } from '../api/client'
import { act } from '../app/act'
import { canManage } from '../channels/manage'
import { t } from '../i18n'
import { state } from '../store/state'
import { Button } from '../ui/button'
import { Icon } from '../ui/icon'
import { mentionedIn, type Someone } from './mentions'

/** A mention brings an agent into a public channel; into a private one somebody has to add it. */
export function OutsideHint(props: { target: string; text: string; people: Someone[] }) {
  const channel = () => state.channels[props.target]
  const outside = createMemo(() =>
    channel()?.kind === 'channel' && channel()?.visibility === 'private'
      ? mentionedIn(props.text, props.people).filter((someone) => !someone.inside)
      : [],
  )
  const mayAdd = () => {
    const here = channel()
    return here !== undefined && canManage(here)
  }
  const add = (someone: Someone) =>
    act(
      () =>
        call('POST /api/channels/{target}/members', {
          params: { target: props.target },
          body: { kind: someone.kind, memberId: someone.id },
        }),
      t('composer.added', { name: someone.displayName }),
    )
  return (
    <For each={outside()}>
      {(someone) => (
        <p class="row flex-wrap gap-2 text-[13px] text-soft px-1 pb-2">
          <Icon name="i-lucide-user-plus" class="text-warn" />
          {t('composer.notMember', { name: `@${someone.name}` })}
          <Show when={mayAdd()}>
            <Button size="sm" onClick={() => void add(someone)}>
              {t('composer.add')}
            </Button>
          </Show>
        </p>
      )}
    </For>
  )
}
