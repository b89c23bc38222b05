import { useNavigate } from '@solidjs/router'
import { createMemo, createSignal, For } from 'solid-js'
import { fit } from '../app/fuzzy'
import { t } from '../i18n'
import { state } from '../store/state'
import { Avatar } from '../ui/avatar'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { openDm } from './dm'

/** Somebody to write to directly. */
export const PickPerson = (props: { open: boolean; onClose: () => void }) => (
  <Dialog open={props.open} onClose={props.onClose} title={t('nav.newDm')}>
    <Body onClose={props.onClose} />
  </Dialog>
)

function Body(props: { onClose: () => void }) {
  const navigate = useNavigate()
  const [query, setQuery] = createSignal('')
  const found = createMemo(() =>
    [
      ...Object.values(state.agents).map((agent) => ({
        kind: 'agent' as const,
        id: agent.id,
        name: agent.name,
        label: agent.displayName,
      })),
      ...Object.values(state.users)
        .filter((user) => user.id !== state.me?.id)
        .map((user) => ({ kind: 'human' as const, id: user.id, name: user.username, label: user.displayName })),
    ].filter((someone) => Math.max(fit(someone.name, query()), fit(someone.label, query())) > 0),
  )
  return (
    <div class="col gap-3">
      <TextField
        label={t('person.find')}
        value={query()}
        onInput={setQuery}
        ref={(input) => queueMicrotask(() => input.focus())}
      />
      <ul class="col -mx-2 max-h-80 overflow-y-auto">
        <For each={found()} fallback={<li class="px-2 py-6 text-center text-soft">{t('person.nobody')}</li>}>
          {(someone) => (
            <li>
              <button
                type="button"
                class="row gap-3 w-full px-2 py-1.5 rounded-lg text-left hover:bg-hover -outline-offset-2"
                onClick={() => {
                  props.onClose()
                  void openDm(someone.kind, someone.id, navigate)
                }}
              >
                <Avatar name={someone.name} kind={someone.kind} size="sm" />
                <span class="flex-1 min-w-0 truncate font-500">{someone.label}</span>
                <span class="text-[13px] text-faint">@{someone.name}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </div>
  )
}
