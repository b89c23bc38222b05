import { A, useNavigate, useParams } from '@solidjs/router'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Computer } from '@shared/contract'
import { CreateAgent } from '../agents/create'
import { PresenceDot, presenceText } from '../agents/presence'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { NotFound } from '../app/notfound'
import { agentPath, runPath } from '../app/paths'
import { t } from '../i18n'
import { relative } from '../i18n/dates'
import '../i18n/en/machines'
import { put } from '../store/apply'
import { canWrite, isAdmin } from '../store/session'
import { change, state } from '../store/state'
import { TunnelsCard } from '../tunnels/list'
import { Avatar } from '../ui/avatar'
import { Badge } from '../ui/badge'
import { Button, LinkButton } from '../ui/button'
import { Card } from '../ui/card'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { Menu } from '../ui/menu'
import { ErrorNotice } from '../ui/notice'
import { Page } from '../ui/page'
import { osName } from './os'
import { agentsOf, Problems } from './problems'
import { ResourcesCard } from './resources'
import { RuntimeList } from './runtimes'
import { ComputerDot } from './status'

/** One computer: which coding agents it has, and what is missing for the others. */
export default function ComputerPage() {
  const params = useParams<{ id: string }>()
  return (
    <Show
      when={state.computers[params.id]}
      fallback={<NotFound title={t('computer.missing')} text={t('computer.missingText')} />}
    >
      {(computer) => <Content computer={computer()} />}
    </Show>
  )
}

function Content(props: { computer: Computer }) {
  const [creating, setCreating] = createSignal<string>()
  const refresh = () =>
    act(() => call('POST /api/computers/{id}/refresh', { params: { id: props.computer.id } }), t('computer.refreshing'))
  return (
    <Page
      title={props.computer.displayName}
      back="/computers"
      badge={
        <Show when={props.computer.local}>
          <Badge tone="accent">{t('computer.local')}</Badge>
        </Show>
      }
      actions={
        <>
          <Show when={canWrite()}>
            <Button
              size="sm"
              icon="i-lucide-refresh-cw"
              disabled={props.computer.status === 'offline'}
              onClick={() => void refresh()}
            >
              <span class="max-sm:sr-only">{t('computer.refresh')}</span>
            </Button>
          </Show>
          <Show when={isAdmin()}>
            <ComputerMenu computer={props.computer} />
          </Show>
        </>
      }
    >
      <p class="row flex-wrap gap-x-2 gap-y-1 text-soft text-[13.5px]">
        <ComputerDot status={props.computer.status} />
        {t(`computer.${props.computer.status}`)} · {props.computer.hostname} · {osName(props.computer.os)}{' '}
        {props.computer.arch} · nekode-daemon {props.computer.version}
        <Show when={props.computer.status !== 'online' && props.computer.lastSeenAt}>
          {(at) => <span>· {t('computer.seen', { when: relative(at()) })}</span>}
        </Show>
      </p>
      <Problems computer={props.computer} />
      <ResourcesCard resources={props.computer.resources} />
      <Agents computerId={props.computer.id} />
      <Card title={t('computer.runtimes')} hint={t('computer.runtimesText')}>
        <RuntimeList
          computer={props.computer}
          short={agentsOf(props.computer.id).length > 0}
          onCreate={isAdmin() ? setCreating : undefined}
        />
      </Card>
      <TunnelsCard computerId={props.computer.id} />
      <CreateAgent
        open={creating() !== undefined}
        onClose={() => setCreating(undefined)}
        computerId={props.computer.id}
        runtimeKind={creating()}
      />
    </Page>
  )
}

function Agents(props: { computerId: string }) {
  const agents = createMemo(() => agentsOf(props.computerId))
  return (
    <Card title={t('nav.agents')}>
      <ul class="col divide-y divide-line -my-2">
        <For each={agents()} fallback={<li class="py-2 text-soft text-[13.5px]">{t('computer.noAgents')}</li>}>
          {(agent) => (
            <li class="row gap-3">
              <A href={agentPath(agent.id)} class="row gap-3 py-2 flex-1 min-w-0 hover:underline rounded">
                <Avatar name={agent.name} kind="agent" size="sm" />
                <span class="font-550 truncate flex-1">{agent.displayName}</span>
                <span class="row gap-1.5 text-[13px] text-soft">
                  <PresenceDot agent={agent} />
                  {presenceText(agent)}
                </span>
              </A>
              <Show when={agent.status.runId}>
                {(id) => (
                  <LinkButton href={runPath(id())} size="sm" icon="i-lucide-activity">
                    <span class="max-sm:sr-only">{t('machine.openRun')}</span>
                  </LinkButton>
                )}
              </Show>
            </li>
          )}
        </For>
      </ul>
    </Card>
  )
}

function ComputerMenu(props: { computer: Computer }) {
  const navigate = useNavigate()
  const [renaming, setRenaming] = createSignal(false)
  const remove = async () => {
    const question = {
      title: t('computer.removeTitle', { name: props.computer.displayName }),
      body: t('computer.removeText'),
      action: t('computer.remove'),
      danger: true,
    }
    if (!(await confirm(question))) return
    const { id } = props.computer
    if (!(await act(() => call('DELETE /api/computers/{id}', { params: { id } })))) return
    navigate('/computers')
    change((draft) => void delete draft.computers[id])
  }
  return (
    <>
      <Menu
        label={t('computer.menu')}
        items={[
          { label: t('computer.rename'), icon: 'i-lucide-pencil', onSelect: () => setRenaming(true) },
          {
            label: t('enroll.again'),
            icon: 'i-lucide-terminal',
            onSelect: () => navigate(`/computers/new?computer=${props.computer.id}`),
          },
          { label: t('computer.remove'), icon: 'i-lucide-trash-2', danger: true, onSelect: () => void remove() },
        ]}
      />
      <Dialog open={renaming()} onClose={() => setRenaming(false)} title={t('computer.rename')}>
        <Rename computer={props.computer} onClose={() => setRenaming(false)} />
      </Dialog>
    </>
  )
}

function Rename(props: { computer: Computer; onClose: () => void }) {
  const [name, setName] = createSignal(props.computer.displayName)
  const request = createRequest()
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const computer = await call('PATCH /api/computers/{id}', {
        params: { id: props.computer.id },
        body: { displayName: name() },
      })
      change((draft) => put(draft.computers, computer.id, computer))
      props.onClose()
    })
  }
  return (
    <form class="col gap-4" onSubmit={save}>
      <TextField label={t('computer.name')} value={name()} onInput={setName} required maxlength={80} />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
