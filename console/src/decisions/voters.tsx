import { For, Show } from 'solid-js'
import '../i18n/en/decisions'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import { Avatar } from '../ui/avatar'
import { ErrorNotice } from '../ui/notice'
import { Skeleton } from '../ui/skeleton'

/** Who voted how; asked again when the votes have changed. */
export default function Voters(props: { decisionId: string; version: number }) {
  const votes = createLoad(
    () => ({ id: props.decisionId, version: props.version }),
    ({ id }) =>
      call('GET /api/decisions/{id}/votes', { params: { id }, query: { limit: 100 } }).then(({ items }) => items),
  )
  return (
    <div>
      <ErrorNotice error={votes.error()} />
      <Show when={votes.value()} fallback={<Skeleton class="h-5 w-2/5" />}>
        {(votes) => (
          <ul class="col gap-1 text-[13px]" aria-label={t('decision.voters')}>
            <For each={votes()} fallback={<li class="text-soft">{t('decision.noVotes')}</li>}>
              {(vote) => (
                <li class="row flex-wrap gap-x-2">
                  <Avatar
                    name={vote.voter.kind === 'human' ? vote.voter.displayName : vote.voter.name}
                    kind={vote.voter.kind === 'agent' ? 'agent' : 'human'}
                    size="xs"
                  />
                  <span class="font-550">{vote.voter.displayName}</span>
                  <span class="text-soft">{t(`decision.${vote.decision}`)}</span>
                  <Show when={vote.reason}>
                    <span class="text-soft italic [overflow-wrap:anywhere]">{vote.reason}</span>
                  </Show>
                  <span class="text-faint">{relative(vote.votedAt)}</span>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
    </div>
  )
}
