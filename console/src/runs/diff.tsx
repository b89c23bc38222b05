import { createMemo, For, Show } from 'solid-js'
import { t } from '../i18n'
import { CopyButton } from '../ui/copy'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { parseDiff, type DiffLine } from './patch'

const looks: Record<DiffLine['kind'], string> = {
  same: '',
  added: 'bg-ok-soft',
  removed: 'bg-bad-soft',
  hunk: 'bg-sunken text-faint',
}
const signs: Record<DiffLine['kind'], string> = { same: ' ', added: '+', removed: '−', hunk: '' }

/** One changed file: what went, what came, with line numbers. */
export function DiffView(props: { file: { path: string; diff: string } }) {
  const diff = createMemo(() => parseDiff(props.file.diff))
  return (
    <figure class="rounded-lg border border-line overflow-hidden text-[12.5px] min-w-0">
      <figcaption class="row gap-2 h-8 pl-3 pr-1 bg-sunken border-b border-line">
        <Icon name="i-lucide-file-diff" class="text-soft" />
        <span class="font-mono truncate flex-1" title={props.file.path}>
          {props.file.path}
        </span>
        <span class="text-ok font-600 tabular-nums">+{diff().added}</span>
        <span class="text-bad font-600 tabular-nums">−{diff().removed}</span>
        <CopyButton text={props.file.diff} label={t('diff.copy')} class="size-7!" />
      </figcaption>
      <div class="overflow-auto max-h-100" tabindex="0">
        <table class="font-mono leading-[1.6] min-w-full border-collapse">
          <tbody>
            <For each={diff().lines}>
              {(line) => (
                <tr class={looks[line.kind]}>
                  <td class="w-10 px-2 text-right text-faint select-none align-top">{line.before}</td>
                  <td class="w-10 px-2 text-right text-faint select-none align-top">{line.after}</td>
                  <td
                    class={cx(
                      'w-4 select-none align-top',
                      line.kind === 'added' && 'text-ok',
                      line.kind === 'removed' && 'text-bad',
                    )}
                  >
                    {signs[line.kind]}
                  </td>
                  <td class="pr-3 whitespace-pre">{line.text}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
        <Show when={diff().cut > 0}>
          <p class="px-3 py-1.5 text-faint">{t('diff.cut', { n: diff().cut })}</p>
        </Show>
      </div>
    </figure>
  )
}
