import { createUniqueId, For, Show } from 'solid-js'
import type { RuntimeInfo } from '@shared/contract'
import { t } from '../i18n'
import { state } from '../store/state'
import { TextField } from '../ui/field'
import { Notice } from '../ui/notice'
import { Select } from '../ui/select'
import { isReady, runtimeLabel, sortedRuntimes } from './kinds'
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
export function WhereFields(props: WhereProps) {
  const computers = () => Object.values(state.computers)
  const runtime = () => runtimeOf(props.computerId, props.runtimeKind)
  return (
    <>
      <div class="grid sm:grid-cols-2 gap-4">
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
        <Select
          label={t('agent.runtime')}
          value={props.runtimeKind}
          options={sortedRuntimes(state.computers[props.computerId]).map((runtime) => ({
            value: runtime.kind,
            label: runtimeLabel(runtime),
          }))}
          onChange={props.onRuntime}
        />
      </div>
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
export function ModelField(props: {
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
