import { createMemo, createSignal, For, Match, Show, Switch } from 'solid-js'
import { t } from '../i18n'
import { CopyButton } from '../ui/copy'
import { cx } from '../ui/cx'
import { narrow } from '../app/screen'
import { IconButton } from '../ui/button'
import { Icon } from '../ui/icon'
import { parseDiff, sideBySide, type DiffLine } from './patch'

const looks: Record<DiffLine['kind'], string> = {
  same: '',
  added: 'bg-ok-soft',
  removed: 'bg-bad-soft',
  hunk: 'bg-sunken text-faint',
}
const signs: Record<DiffLine['kind'], string> = { same: ' ', added: '+', removed: '−', hunk: '' }

/** Whether diffs are shown in two columns; one choice for all of them, because a reader has one habit. */
const [split, setSplit] = createSignal(false)
const inColumns = () => split() && !narrow()

interface DiffProps {
  file: { path: string; diff: string }
  /** There is room for two columns. */
  wide?: boolean
}

/** One changed file: what went, what came, with line numbers, in one column or in two. */
export function DiffView(props: DiffProps) {
  const diff = createMemo(() => parseDiff(props.file.diff))
  const [open, setOpen] = createSignal(true)
  return (
    <figure class="rounded-lg border border-line overflow-hidden text-[12.5px] min-w-0">
      <figcaption class={cx('row gap-2 h-8 pl-1.5 pr-1 bg-sunken', open() && 'border-b border-line')}>
        <button
          type="button"
          aria-expanded={open()}
          onClick={() => setOpen((open) => !open)}
          class="row gap-1.5 flex-1 min-w-0 h-full text-left rounded"
        >
          <Icon name="i-lucide-chevron-right" class={cx('text-faint transition-transform', open() && 'rotate-90')} />
          <Icon name="i-lucide-file-diff" class="text-soft" />
          <span class="font-mono truncate" title={props.file.path}>
            {props.file.path}
          </span>
        </button>
        <span class="text-ok font-600 tabular-nums">+{diff().added}</span>
        <span class="text-bad font-600 tabular-nums">−{diff().removed}</span>
        <Show when={props.wide && !narrow()}>
          <IconButton
            icon={split() ? 'i-lucide-rows-2' : 'i-lucide-columns-2'}
            label={t(split() ? 'diff.unified' : 'diff.split')}
            class="size-7! [@media(pointer:coarse)]:size-10!"
            onClick={() => setSplit((split) => !split)}
          />
        </Show>
        <CopyButton text={props.file.diff} label={t('diff.copy')} class="size-7! [@media(pointer:coarse)]:size-10!" />
      </figcaption>
      <Show when={open()}>
        <div class={cx('overflow-auto -outline-offset-2', !props.wide && 'max-h-100')} tabindex="0">
          <Switch>
            <Match when={props.wide && inColumns()}>
              <Columns lines={diff().lines} />
            </Match>
            <Match when={true}>
              <Unified lines={diff().lines} />
            </Match>
          </Switch>
          <Show when={diff().cut > 0}>
            <p class="px-3 py-1.5 text-faint">{t('diff.cut', { n: diff().cut })}</p>
          </Show>
        </div>
      </Show>
    </figure>
  )
}

const ink = (line: DiffLine | undefined) =>
  cx('w-4 select-none align-top', line?.kind === 'added' && 'text-ok', line?.kind === 'removed' && 'text-bad')

const Unified = (props: { lines: DiffLine[] }) => (
  <table class="font-mono leading-[1.6] min-w-full border-collapse">
    <tbody>
      <For each={props.lines}>
        {(line) => (
          <tr class={looks[line.kind]}>
            <td class="w-10 px-2 text-right text-faint select-none align-top">{line.before}</td>
            <td class="w-10 px-2 text-right text-faint select-none align-top">{line.after}</td>
            <td class={ink(line)}>{signs[line.kind]}</td>
            <td class="pr-3 whitespace-pre">{line.text}</td>
          </tr>
        )}
      </For>
    </tbody>
  </table>
)

const Columns = (props: { lines: DiffLine[] }) => (
  <table class="font-mono leading-[1.6] w-full table-fixed border-collapse">
    <colgroup>
      <col class="w-11" />
      <col />
      <col class="w-11" />
      <col />
    </colgroup>
    <tbody>
      <For each={sideBySide(props.lines)}>
        {(row) => (
          <Show
            when={row.hunk === undefined}
            fallback={
              <tr class={looks.hunk}>
                <td colspan="4" class="px-3 truncate">
                  {row.hunk}
                </td>
              </tr>
            }
          >
            <tr>
              <Side line={row.before} number={row.before?.before} />
              <Side line={row.after} number={row.after?.after} />
            </tr>
          </Show>
        )}
      </For>
    </tbody>
  </table>
)

const Side = (props: { line: DiffLine | undefined; number: number | undefined }) => {
  const look = () => (props.line ? looks[props.line.kind] : 'bg-sunken')
  return (
    <>
      <td class={cx('px-2 text-right text-faint select-none align-top', look())}>{props.number}</td>
      <td class={cx('pr-2 whitespace-pre-wrap break-all align-top border-r border-line last:border-r-0', look())}>
        {props.line?.text}
      </td>
    </>
  )
}
