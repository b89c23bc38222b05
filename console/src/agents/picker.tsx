import { createUniqueId, For, Show } from 'solid-js'
import type { RuntimeInfo } from '@shared/contract'
import { t } from '../i18n'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { cx } from '../ui/cx'
import { isCustom, isReady, sortedRuntimes } from './kinds'

interface PickerProps {
  computerId: string
  value: string
  onChange: (kind: string) => void
}

/** The programs of a computer, those that can work at once first, each with what it lacks. */
export function RuntimePicker(props: PickerProps) {
  const name = createUniqueId()
  return (
    <fieldset class="col gap-1.5 min-w-0">
      <legend class="text-[13px] font-550 mb-1.5">{t('agent.runtime')}</legend>
      <div class="grid sm:grid-cols-2 gap-2 max-h-60 overflow-y-auto p-1 -m-1">
        <For each={sortedRuntimes(state.computers[props.computerId])}>
          {(runtime) => (
            <label
              class={cx(
                'row gap-2.5 min-h-11 rounded-lg border px-3 py-2 cursor-pointer text-[13.5px] has-[:focus-visible]:outline has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent',
                props.value === runtime.kind ? 'border-accent bg-accent-soft' : 'border-line hover:border-edge',
              )}
            >
              <input
                type="radio"
                name={name}
                value={runtime.kind}
                checked={props.value === runtime.kind}
                onChange={() => props.onChange(runtime.kind)}
                class="accent-[var(--accent)]"
              />
              <span class="flex-1 min-w-0 truncate font-550">{runtime.displayName}</span>
              <Standing runtime={runtime} />
            </label>
          )}
        </For>
      </div>
    </fieldset>
  )
}

const Standing = (props: { runtime: RuntimeInfo }) => (
  <Show when={!props.runtime.demo && !isCustom(props.runtime.kind)}>
    <Show when={props.runtime.installed} fallback={<Badge>{t('runtime.missing')}</Badge>}>
      <Badge tone={isReady(props.runtime) ? 'ok' : 'warn'}>{t(`runtime.login.${props.runtime.login}`)}</Badge>
    </Show>
  </Show>
)
