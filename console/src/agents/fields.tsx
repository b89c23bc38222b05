import { createUniqueId, For, Show } from 'solid-js'
import type { RuntimeInfo } from '@shared/contract'
import { t } from '../i18n'
import { state } from '../store/state'
import { TextField } from '../ui/field'
import { Notice } from '../ui/notice'
import { Select } from '../ui/select'
import { isCustom, isReady, runtimeLabel } from './kinds'
import { RuntimePicker } from './picker'
import { nextStepText } from '../computers/nextstep'

interface WhereProps {
  computerId: string
  runtimeKind: string
  onComputer: (id: string) => void
  onRuntime: (kind: string) => void
}

export const runtimeOf = (computerId: string, kind: string): RuntimeInfo | undefined =>
  state.computers[computerId]?.runtimes.find((runtime) => runtime.kind === kind)

/** On which computer an agent lives, and which program it is. */
function WhereFields(props: WhereProps) {
  const computers = () => Object.values(state.computers)
  const runtime = () => runtimeOf(props.computerId, props.runtimeKind)
  return (
    <>
      <Select
        label={t('agent.computer')}
        value={props.computerId}
        options={computers().map((computer) => ({
          value: computer.id,
          label:
            computer.status === 'online'
              ? computer.displayName
              : `${computer.displayName} (${t(`computer.${computer.status}`)})`,
        }))}
        onChange={props.onComputer}
      />
      <RuntimePicker computerId={props.computerId} value={props.runtimeKind} onChange={props.onRuntime} />
      <Show when={runtime()}>
        {(runtime) => (
          <>
            <Show when={runtime().demo}>
              <Notice tone="info" title={t('runtime.demo')}>
                {t('runtime.demoText')}
              </Notice>
            </Show>
            <Show when={!runtime().demo && !isReady(runtime())}>
              <Notice tone="warn" title={runtimeLabel(runtime())}>
                {nextStepText(runtime())}
              </Notice>
            </Show>
          </>
        )}
      </Show>
    </>
  )
}

/** A model by name, with those that the runtime says it has as suggestions. */
function ModelField(props: {
  computerId: string
  runtimeKind: string
  value: string
  onInput: (value: string) => void
}) {
  const id = createUniqueId()
  const models = () => runtimeOf(props.computerId, props.runtimeKind)?.models ?? []
  return (
    <>
      <TextField
        label={t('agent.model')}
        hint={t('agent.modelHint')}
        placeholder={t('agent.modelDefault')}
        list={id}
        value={props.value}
        onInput={props.onInput}
        spellcheck={false}
        autocomplete="off"
      />
      <datalist id={id}>
        <For each={models()}>{(model) => <option value={model} />}</For>
      </datalist>
    </>
  )
}

export interface HowDraft {
  computerId: string
  runtimeKind: string
  model: string
  workspace: string
  command: string
}

interface HowProps {
  draft: HowDraft
  /** What changes with the choice of another computer. Default: nothing else. */
  onComputer?: (id: string) => Partial<HowDraft>
  onChange: (part: Partial<HowDraft>) => void
  /** What the server holds against a field. */
  wrong: (field: string) => string | undefined
}

/** Where an agent runs, as which program, and with which model. */
export function HowFields(props: HowProps) {
  const demo = () => runtimeOf(props.draft.computerId, props.draft.runtimeKind)?.demo
  return (
    <>
      <WhereFields
        computerId={props.draft.computerId}
        runtimeKind={props.draft.runtimeKind}
        onComputer={(computerId) => props.onChange({ computerId, ...props.onComputer?.(computerId) })}
        onRuntime={(runtimeKind) => props.onChange({ runtimeKind, model: '' })}
      />
      <Show when={isCustom(props.draft.runtimeKind)}>
        <TextField
          label={t('agent.command')}
          hint={t('agent.commandHint')}
          value={props.draft.command}
          mono
          required
          spellcheck={false}
          error={props.wrong('command')}
          onInput={(command) => props.onChange({ command })}
        />
      </Show>
      <Show when={!demo() && !isCustom(props.draft.runtimeKind)}>
        <ModelField
          computerId={props.draft.computerId}
          runtimeKind={props.draft.runtimeKind}
          value={props.draft.model}
          onInput={(model) => props.onChange({ model })}
        />
      </Show>
    </>
  )
}

/** The folder that an agent works in. */
export const WorkspaceField = (props: Pick<HowProps, 'draft' | 'onChange' | 'wrong'>) => (
  <TextField
    label={t('agent.workspace')}
    hint={t('agent.workspaceHint')}
    placeholder="/home/ada/projects/site"
    value={props.draft.workspace}
    mono
    spellcheck={false}
    error={props.wrong('workspace')}
    onInput={(workspace) => props.onChange({ workspace })}
  />
)
