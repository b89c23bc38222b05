import { For } from 'solid-js'
import '../../i18n/en/commands'
import { t } from '../../i18n'
import { Dialog } from '../../ui/dialog'
import { commandHelp } from './table'

/** Every command with what it takes and what it does. */
export default function CommandSheet(props: { onClose: () => void }) {
  return (
    <Dialog open onClose={props.onClose} title={t('command.title')} subtitle={t('command.text')} wide>
      <dl class="col">
        <For each={commandHelp}>
          {({ name, usage, text }) => (
            <div class="py-2 border-b border-line last:border-0">
              <dt class="font-mono text-[13px] break-words">
                <span class="font-650 text-accent-text">/{name}</span> <span class="text-soft">{usage()}</span>
              </dt>
              <dd class="text-[13.5px] text-soft">{text()}</dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  )
}
