import { A } from '@solidjs/router'
import { For, Show, type JSX } from 'solid-js'
import type { Computer } from '@shared/contract'
import { agentPath } from '../app/paths'
import { sizeText } from '../attachments/file'
import { t } from '../i18n'
import '../i18n/en/machines'
import { state } from '../store/state'
import { Command } from '../ui/code'
import { Icon } from '../ui/icon'
import { Notice } from '../ui/notice'
import { isSevere, problemsOf, type Problem } from './health'

/** The agents that live on a computer. */
export const agentsOf = (computerId: string) =>
  Object.values(state.agents)
    .filter((agent) => agent.computerId === computerId)
    .sort((a, b) => a.displayName.localeCompare(b.displayName))

export const problems = (computer: Computer): Problem[] => problemsOf(computer, agentsOf(computer.id), state.version)

/** What is wrong with a computer and what to do about it, or that nothing is. */
export const Problems = (props: { computer: Computer }) => (
  <section class="col gap-2" aria-label={t('machine.health')} aria-live="polite">
    <For
      each={problems(props.computer)}
      fallback={
        <p class="row gap-2 text-[13.5px] text-ok">
          <Icon name="i-lucide-circle-check" />
          {t('machine.well')}
        </p>
      }
    >
      {(problem) => (
        <Notice tone={isSevere(problem) ? 'warn' : 'info'} title={titleOf(problem)}>
          {nextOf(problem, props.computer)}
        </Notice>
      )}
    </For>
  </section>
)

function titleOf(problem: Problem): string {
  switch (problem.kind) {
    case 'offline':
      return t('computer.offlineTitle')
    case 'stale':
      return t('machine.stale')
    case 'diskFull':
      return t('machine.diskFull', { free: sizeText(problem.left) })
    case 'memoryFull':
      return t('machine.memoryFull', { free: sizeText(problem.left) })
    case 'noRuntime':
      return t('machine.noRuntime')
    case 'olderDaemon':
      return t('machine.olderDaemon', { theirs: problem.theirs, ours: problem.ours })
    case 'agent':
      return `${problem.agent.displayName}: ${t(`health.${problem.agent.status.health}`)}`
  }
}

function nextOf(problem: Problem, computer: Computer): JSX.Element {
  switch (problem.kind) {
    case 'offline':
      return computer.local ? t('computer.offlineLocal') : t('computer.offlineNext')
    case 'stale':
      return t('machine.staleNext')
    case 'diskFull':
      return t('machine.diskFullNext')
    case 'memoryFull':
      return t('machine.memoryFullNext')
    case 'noRuntime':
      return t('machine.noRuntimeNext')
    case 'olderDaemon':
      return <Upgrade computer={computer} />
    case 'agent':
      return (
        <>
          {problem.agent.status.detail}{' '}
          <A href={agentPath(problem.agent.id)} class="underline rounded">
            @{problem.agent.name}
          </A>
        </>
      )
  }
}

/** The line that upgrades a daemon: fetched from the address that this page is at, which may not be the one that the computer knows. */
const Upgrade = (props: { computer: Computer }) => (
  <Show when={!props.computer.local} fallback={t('machine.olderLocal')}>
    <div class="col gap-2">
      {t('machine.olderNext')}
      <Command
        text={
          props.computer.os === 'windows'
            ? `irm '${location.origin}/api/daemon/scripts/upgrade.ps1' | iex`
            : `sudo bash -c "$(curl -fsSL '${location.origin}/api/daemon/scripts/upgrade.sh')"`
        }
      />
    </div>
  </Show>
)
