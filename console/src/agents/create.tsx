import { useNavigate, type Navigator } from '@solidjs/router'
import { createSignal, For, Show, type ParentProps } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Agent, ApprovalPolicy } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { conversationPath } from '../app/paths'
import { channels, channelTitle } from '../app/unread'
import { t } from '../i18n'
import { put } from '../store/apply'
import { change, state } from '../store/state'
import { focusComposer } from '../composer/focus'
import { draftOf, setDraft } from '../composer/drafts'
import { Button, LinkButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { Checkbox } from '../ui/select'
import { toast } from '../ui/toast'
import { HowFields, WorkspaceField } from './fields'
import { defaultPolicy, handleOf, isCustom, isReady, sortedRuntimes, words } from './kinds'
import { PolicyField } from './policy'

interface CreateProps {
  open: boolean
  onClose: () => void
  /** What is chosen to begin with. */
  computerId?: string | undefined
  runtimeKind?: string | undefined
}

/** The dialog that makes an agent. */
export const CreateAgent = (props: CreateProps) => (
  <Dialog open={props.open} onClose={props.onClose} title={t('agent.create')} subtitle={t('agent.createText')} wide>
    <Show when={Object.keys(state.computers).length > 0} fallback={<NoComputer />}>
      <Form {...props} />
    </Show>
  </Dialog>
)

const NoComputer = () => (
  <div class="col items-start gap-3">
    <p>{t('agent.needsComputer')}</p>
    <LinkButton href="/computers/new" kind="primary" icon="i-lucide-monitor-up">
      {t('enroll.add')}
    </LinkButton>
  </div>
)

interface Draft {
  displayName: string
  name: string
  nameTouched: boolean
  computerId: string
  runtimeKind: string
  model: string
  workspace: string
  instructions: string
  command: string
  approvals: ApprovalPolicy
  channels: string[]
}

function firstDraft(props: CreateProps): Draft {
  const computers = Object.values(state.computers)
  const online = computers.find((computer) => computer.status === 'online') ?? computers[0]
  const computerId = props.computerId ?? online?.id ?? ''
  return {
    displayName: '',
    name: '',
    nameTouched: false,
    computerId,
    runtimeKind: props.runtimeKind ?? bestRuntime(computerId),
    model: '',
    workspace: '',
    instructions: '',
    command: '',
    approvals: structuredClone(defaultPolicy),
    channels: state.channels['#general']?.joined ? ['#general'] : [],
  }
}

/** The first that works; when none does, the demo, which always works. */
function bestRuntime(computerId: string): string {
  const runtimes = sortedRuntimes(state.computers[computerId])
  const ready = runtimes.find((runtime) => isReady(runtime) && !runtime.demo && !isCustom(runtime.kind))
  return (ready ?? runtimes.find((runtime) => runtime.demo) ?? runtimes[0])?.kind ?? ''
}

const bodyOf = (draft: Draft) => ({
  name: draft.name,
  displayName: draft.displayName.trim() || draft.name,
  computerId: draft.computerId,
  runtimeKind: draft.runtimeKind,
  model: draft.model.trim(),
  workspace: draft.workspace.trim(),
  instructions: draft.instructions.trim(),
  approvals: structuredClone({ default: draft.approvals.default, rules: { ...draft.approvals.rules } }),
  channels: [...draft.channels],
  ...(isCustom(draft.runtimeKind) ? { command: words(draft.command) } : {}),
})

/** Goes where the new agent can be asked. */
function goToAsk(agent: Agent, target: string | undefined, navigate: Navigator): void {
  toast('ok', t('agent.created', { name: agent.displayName }), t('agent.createdNext', { name: agent.name }))
  if (!target) return navigate(`/agents/${agent.id}`)
  // The first question is half written: what to type next is the thing that newcomers do not know.
  if (!draftOf(target).trim()) setDraft(target, `@${agent.name} `)
  navigate(conversationPath(target))
  // After the dialog has given the focus back to the button that opened it.
  setTimeout(focusComposer)
}

function Form(props: CreateProps) {
  const navigate = useNavigate()
  const [draft, update] = createStore(firstDraft(props))
  const request = createRequest()
  const { wrong } = request
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const agent = await call('POST /api/agents', { body: bodyOf(draft) })
      change((state) => put(state.agents, agent.id, agent))
      props.onClose()
      goToAsk(agent, draft.channels[0], navigate)
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <NameFields draft={draft} onChange={update} wrong={wrong} />
      <HowFields
        draft={draft}
        onChange={update}
        onComputer={(id) => ({ runtimeKind: bestRuntime(id), model: '' })}
        wrong={wrong}
      />
      <PolicyField value={draft.approvals} onChange={(approvals) => update('approvals', approvals)} />
      <ChannelPicker chosen={draft.channels} onChange={(chosen) => update('channels', chosen)} />
      <More>
        <WorkspaceField draft={draft} onChange={update} wrong={wrong} />
        <TextArea
          label={t('agent.instructions')}
          hint={t('agent.instructionsHint')}
          value={draft.instructions}
          onInput={(value) => update('instructions', value)}
        />
      </More>
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('agent.createSubmit')}
        </Button>
      </div>
    </form>
  )
}

interface NameProps {
  draft: Pick<Draft, 'displayName' | 'name' | 'nameTouched'>
  onChange: (part: Partial<Draft>) => void
  wrong: (field: string, ...codes: string[]) => string | undefined
}

/** The name, and the handle that follows it until somebody writes another. */
const NameFields = (props: NameProps) => (
  <div class="grid sm:grid-cols-2 gap-4">
    <TextField
      label={t('agent.displayName')}
      value={props.draft.displayName}
      placeholder="Scout"
      maxlength={80}
      required
      error={props.wrong('displayName')}
      ref={(input) => queueMicrotask(() => input.focus())}
      onInput={(displayName) =>
        props.onChange({ displayName, ...(props.draft.nameTouched ? {} : { name: handleOf(displayName) }) })
      }
    />
    <TextField
      label={t('agent.handle')}
      hint={t('agent.handleHint', { name: props.draft.name || 'scout' })}
      value={props.draft.name}
      maxlength={32}
      required
      spellcheck={false}
      autocapitalize="none"
      error={props.wrong('name', 'name_taken')}
      onInput={(value) => props.onChange({ name: value.toLowerCase(), nameTouched: value !== '' })}
    />
  </div>
)

/** What most agents do without. */
function More(props: ParentProps) {
  const [open, setOpen] = createSignal(false)
  return (
    <>
      <button
        type="button"
        aria-expanded={open()}
        onClick={() => setOpen((open) => !open)}
        class="row gap-1.5 self-start text-[13.5px] font-550 text-accent-text rounded"
      >
        <Icon name={open() ? 'i-lucide-chevron-down' : 'i-lucide-chevron-right'} />
        {t('agent.more')}
      </button>
      <Show when={open()}>{props.children}</Show>
    </>
  )
}

function ChannelPicker(props: { chosen: string[]; onChange: (chosen: string[]) => void }) {
  const toggle = (target: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, target] : props.chosen.filter((other) => other !== target))
  return (
    <fieldset class="col gap-2">
      <legend class="text-[13px] font-550 mb-1.5">{t('agent.channels')}</legend>
      <div class="row flex-wrap gap-x-5 gap-y-2 max-h-40 overflow-y-auto">
        <For each={channels()}>
          {(channel) => (
            <Checkbox
              label={`#${channelTitle(channel)}`}
              checked={props.chosen.includes(channel.target)}
              onChange={(on) => toggle(channel.target, on)}
            />
          )}
        </For>
      </div>
    </fieldset>
  )
}
