import { A } from '@solidjs/router'
import { createMemo, For, Show } from 'solid-js'
import type { Computer } from '@shared/contract'
import { isReady } from '../agents/kinds'
import { computerPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/machines'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { LinkButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { Page } from '../ui/page'
import { isSevere } from './health'
import { osIcon, osName } from './os'
import { agentsOf, problems } from './problems'
import { ComputerDot } from './status'

/** All computers that agents live on. */
export default function ComputersPage() {
  const computers = createMemo(() =>
    Object.values(state.computers).sort(
      (a, b) => Number(b.local) - Number(a.local) || a.displayName.localeCompare(b.displayName),
    ),
  )
  const add = () => (
    <Show when={isAdmin()}>
      <LinkButton href="/computers/new" kind="primary" size="sm" icon="i-lucide-plus">
        {t('enroll.add')}
      </LinkButton>
    </Show>
  )
  return (
    <Page title={t('nav.computers')} actions={add()}>
      <Show
        when={computers().length > 0}
        fallback={
          <Empty icon="i-lucide-monitor" title={t('computer.none')} text={t('computer.noneText')}>
            {add()}
          </Empty>
        }
      >
        <ul class="grid sm:grid-cols-2 gap-3">
          <For each={computers()}>{(computer) => <ComputerCard computer={computer} />}</For>
        </ul>
      </Show>
    </Page>
  )
}

function ComputerCard(props: { computer: Computer }) {
  const ready = () => props.computer.runtimes.filter((runtime) => isReady(runtime) && !runtime.demo)
  const agents = () => agentsOf(props.computer.id)
  const working = () => agents().filter((agent) => agent.status.runId !== null).length
  const severe = () => problems(props.computer).filter(isSevere)
  return (
    <li>
      <A
        href={computerPath(props.computer.id)}
        class="row items-start gap-3.5 h-full rounded-xl border border-line bg-surface p-4 hover:border-edge hover:shadow-[var(--lift)]"
      >
        <span class="size-9 rounded-xl bg-sunken border border-line row justify-center text-soft">
          <Icon name={osIcon(props.computer.os)} class="text-[18px]" />
        </span>
        <span class="col flex-1 min-w-0 gap-0.5">
          <span class="row gap-2">
            <span class="font-650 truncate">{props.computer.displayName}</span>
            <Show when={props.computer.local}>
              <Badge tone="accent">{t('computer.local')}</Badge>
            </Show>
          </span>
          <span class="row gap-1.5 text-[13px] text-soft">
            <ComputerDot status={props.computer.status} />
            {t(`computer.${props.computer.status}`)} · {osName(props.computer.os)}
          </span>
          <span class="row flex-wrap gap-1.5 mt-2">
            <Badge>{t('computer.agents', { n: agents().length })}</Badge>
            <Show when={working() > 0}>
              <Badge tone="info" icon="i-lucide-activity">
                {t('machine.working', { n: working() })}
              </Badge>
            </Show>
            <Show when={severe().length > 0}>
              <Badge tone="warn" icon="i-lucide-triangle-alert">
                {t('machine.problems', { n: severe().length })}
              </Badge>
            </Show>
            <For each={ready().slice(0, 4)}>{(runtime) => <Badge tone="ok">{runtime.displayName}</Badge>}</For>
          </span>
        </span>
      </A>
    </li>
  )
}
