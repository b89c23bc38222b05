import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Computer, RuntimeInfo } from '@shared/contract'
import { isReady, sortedRuntimes } from '../agents/kinds'
import { call } from '../api/client'
import { act } from '../app/act'
import { t } from '../i18n'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Prose } from '../messages/body'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Command } from '../ui/code'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { nextStepText } from './nextstep'

interface ListProps {
  computer: Computer
  /** Makes an agent of this kind; absent for those who may not. */
  onCreate?: ((kind: string) => void) | undefined
  /** Leaves out what is not there, behind a button. */
  short?: boolean
}

/** The coding agents of a computer: what works, and what the others need. */
export function RuntimeList(props: ListProps) {
  const [all, setAll] = createSignal(!props.short)
  const sorted = createMemo(() => sortedRuntimes(props.computer))
  const shown = () => (all() ? sorted() : sorted().filter((runtime) => runtime.installed))
  return (
    <div class="col gap-2">
      <ul class="col divide-y divide-line -my-1">
        <For each={shown()} fallback={<li class="py-2 text-soft">{t('runtime.none')}</li>}>
          {(runtime) => <Runtime computer={props.computer} runtime={runtime} onCreate={props.onCreate} />}
        </For>
      </ul>
      <Show when={!all() && sorted().length > shown().length}>
        <Button size="sm" kind="ghost" class="self-start -ml-2" icon="i-lucide-plus" onClick={() => setAll(true)}>
          {t('runtime.more', { n: sorted().length - shown().length })}
        </Button>
      </Show>
    </div>
  )
}

function Runtime(props: { computer: Computer; runtime: RuntimeInfo; onCreate: ListProps['onCreate'] }) {
  const ready = () => isReady(props.runtime)
  const next = () => (ready() ? '' : nextStepText(props.runtime))
  return (
    <li class="row flex-wrap sm:flex-nowrap items-start gap-x-3 gap-y-2 py-3">
      <span
        class={cx(
          'size-8 rounded-lg row justify-center shrink-0',
          ready() ? 'bg-ok-soft text-ok' : props.runtime.installed ? 'bg-warn-soft text-warn' : 'bg-hover text-faint',
        )}
      >
        <Icon
          name={
            props.runtime.demo
              ? 'i-lucide-clapperboard'
              : ready()
                ? 'i-lucide-check'
                : props.runtime.installed
                  ? 'i-lucide-log-in'
                  : 'i-lucide-download'
          }
        />
      </span>
      <div class="flex-1 min-w-[calc(100%-2.75rem)] sm:min-w-0 col gap-1">
        <p class="row flex-wrap gap-2">
          <span class="font-600">{props.runtime.displayName}</span>
          <Show when={props.runtime.version}>
            <span class="text-[12.5px] text-faint font-mono">{props.runtime.version}</span>
          </Show>
          <StatusBadge runtime={props.runtime} />
        </p>
        <Show when={props.runtime.demo}>
          <p class="text-[13px] text-soft">{t('runtime.demoText')}</p>
        </Show>
        <Show when={next()}>
          <div class="text-soft">
            <Prose text={next()} small />
          </div>
        </Show>
        <Show when={!props.runtime.installed && props.runtime.installCommand}>
          {(command) => <Command text={command()} />}
        </Show>
      </div>
      <Show when={ready() && props.onCreate}>
        {(create) => (
          <Button size="sm" icon="i-lucide-plus" class="max-sm:ml-11" onClick={() => create()(props.runtime.kind)}>
            {t('runtime.makeAgent')}
          </Button>
        )}
      </Show>
      <Show when={props.runtime.canInstall && isAdmin()}>
        <Install computer={props.computer} runtime={props.runtime} />
      </Show>
    </li>
  )
}

function StatusBadge(props: { runtime: RuntimeInfo }) {
  return (
    <Show when={!props.runtime.demo} fallback={<Badge tone="warn">{t('runtime.demo')}</Badge>}>
      <Show when={props.runtime.installed} fallback={<Badge>{t('runtime.missing')}</Badge>}>
        <Show when={props.runtime.login !== 'no'} fallback={<Badge tone="warn">{t('runtime.notLoggedIn')}</Badge>}>
          <Badge tone="ok">{t(`runtime.login.${props.runtime.login}`)}</Badge>
        </Show>
      </Show>
    </Show>
  )
}

/** Installations that were begun on this page, by computer and kind: still known when somebody has looked elsewhere meanwhile. */
const [begun, setBegun] = createSignal<Record<string, string>>({})

/** Installs or updates with one press; how it goes is told by events. */
function Install(props: { computer: Computer; runtime: RuntimeInfo }) {
  const key = () => `${props.computer.id}/${props.runtime.kind}`
  const operationId = () => begun()[key()]
  const operation = () => state.operations[operationId() ?? '']
  const busy = () =>
    operationId() !== undefined && (!operation() || ['queued', 'running'].includes(operation()?.state ?? ''))
  const install = () =>
    act(async () => {
      const params = { id: props.computer.id, kind: props.runtime.kind }
      const answer = await call('POST /api/computers/{id}/runtimes/{kind}/install', { params })
      setBegun((all) => ({ ...all, [key()]: answer.operationId }))
    })
  return (
    <div class="col items-start sm:items-end gap-1 max-sm:ml-11">
      <Button
        size="sm"
        icon="i-lucide-download"
        busy={busy()}
        disabled={props.computer.status === 'offline'}
        onClick={() => void install()}
      >
        {busy() ? t('runtime.installing') : props.runtime.installed ? t('runtime.update') : t('runtime.install')}
      </Button>
      <p
        aria-live="polite"
        class="text-[12px] text-soft font-mono break-all sm:text-right sm:max-w-64 empty:hidden"
        title={operation()?.detail}
      >
        {busy() ? operation()?.detail.split('\n').findLast(Boolean)?.slice(0, 120) : ''}
      </p>
      <Show when={operation()?.state === 'failed' || operation()?.state === 'unsupported'}>
        <p class="text-[12.5px] text-bad sm:text-right sm:max-w-56" role="alert">
          {t('runtime.installFailed')} {operation()?.detail}
        </p>
      </Show>
    </div>
  )
}
