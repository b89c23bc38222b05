import { useNavigate } from '@solidjs/router'
import { For } from 'solid-js'
import { conversationPath } from '../app/paths'
import { browsable, channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import { Badge } from '../ui/badge'
import { Dialog } from '../ui/dialog'
import { Icon } from '../ui/icon'

/** Every channel that the reader may see, joined or not. */
export function BrowseChannels(props: { open: boolean; onClose: () => void }) {
  const navigate = useNavigate()
  const all = () => [...browsable(), ...channels()]
  return (
    <Dialog open={props.open} onClose={props.onClose} title={t('channel.browse')} subtitle={t('channel.browseText')}>
      <ul class="col -mx-2 max-h-[55dvh] overflow-y-auto">
        <For each={all()}>
          {(channel) => (
            <li>
              <button
                type="button"
                class="row gap-3 w-full px-2 py-2 rounded-lg text-left hover:bg-hover -outline-offset-2"
                onClick={() => {
                  props.onClose()
                  navigate(conversationPath(channel.target))
                }}
              >
                <Icon
                  name={channel.visibility === 'private' ? 'i-lucide-lock' : 'i-lucide-hash'}
                  class="text-soft text-[17px]"
                />
                <span class="col flex-1 min-w-0">
                  <span class="font-550 truncate">{channelTitle(channel)}</span>
                  <span class="text-[13px] text-soft truncate">
                    {channel.topic || t('channel.memberCount', { n: channel.memberCount })}
                  </span>
                </span>
                {channel.joined ? (
                  <Badge tone="ok">{t('channel.joined')}</Badge>
                ) : (
                  <Badge>{t('channel.notJoined')}</Badge>
                )}
              </button>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  )
}
