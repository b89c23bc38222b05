import { createSignal, For, Show } from 'solid-js'
import type { ApprovalPolicy, ApprovalRule, ToolKind } from '@shared/contract'
import { t } from '../i18n'
import { toolIcons } from '../runs/tool'
import { Icon } from '../ui/icon'
import { Choice, Select } from '../ui/select'
import { policyOf, presetOf, ruleOf, toolKinds, type Preset } from './kinds'

interface PolicyProps {
  value: ApprovalPolicy
  onChange: (policy: ApprovalPolicy) => void
}

const isChosen = (preset: Preset): preset is Exclude<Preset, 'own'> => preset !== 'own'

/** What an agent may do by itself, as one choice or as a rule for each kind of tool. */
export function PolicyField(props: PolicyProps) {
  const [own, setOwn] = createSignal(presetOf(props.value) === 'own')
  const preset = () => (own() ? 'own' : presetOf(props.value))
  const choose = (preset: Preset) => {
    setOwn(!isChosen(preset))
    if (isChosen(preset)) props.onChange(policyOf(preset))
  }
  const setRule = (kind: ToolKind, rule: ApprovalRule) =>
    props.onChange({ ...props.value, rules: { ...props.value.rules, [kind]: rule } })
  return (
    <div class="col gap-3">
      <Select
        label={t('policy.title')}
        value={preset()}
        hint={t(`policy.${preset()}Hint`)}
        options={(['careful', 'trusting', 'readonly', 'own'] as const).map((value) => ({
          value,
          label: t(`policy.${value}`),
        }))}
        onChange={choose}
      />
      <Show when={preset() === 'own'}>
        <ul class="col rounded-lg border border-line divide-y divide-line">
          <For each={toolKinds}>
            {(kind) => (
              <li class="row flex-wrap gap-2 px-3 py-1.5">
                <Icon name={toolIcons[kind]} class="text-soft" />
                <span class="flex-1 min-w-28 text-[13.5px]">{t(`policy.kind.${kind}`)}</span>
                <Choice
                  label={t(`policy.kind.${kind}`)}
                  value={ruleOf(props.value, kind)}
                  options={[
                    { value: 'ask', label: t('policy.ask') },
                    { value: 'allow', label: t('policy.allow') },
                    { value: 'deny', label: t('policy.deny') },
                  ]}
                  onChange={(rule) => setRule(kind, rule)}
                />
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  )
}
