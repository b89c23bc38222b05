import { For, Match, Show, Switch as Pick } from 'solid-js'
import { t } from '../i18n'
import '../i18n/en/endpoints'
import { Button } from '../ui/button'
import { TextField } from '../ui/field'
import { Select, Switch } from '../ui/select'
import { isKept, type Field, type Values } from './form'

interface FieldsProps {
  fields: Field[]
  values: Values
  /** What the endpoint has now; null for a new one. */
  config: Record<string, unknown> | null
  wrong: (name: string) => string | undefined
  onChange: (name: string, value: Values[string]) => void
}

/** A provider's form, made from its schema. */
export const Fields = (props: FieldsProps) => (
  <For each={props.fields}>
    {(field) => {
      const value = () => props.values[field.name]
      const shown = () => {
        const now = value()
        return typeof now === 'string' ? now : ''
      }
      const change = (next: Values[string]) => props.onChange(field.name, next)
      return (
        <Pick
          fallback={
            <TextField
              label={field.label}
              hint={field.hint}
              type={field.kind === 'url' ? 'url' : field.kind === 'number' ? 'number' : 'text'}
              required={field.required}
              maxlength={field.max}
              pattern={field.pattern}
              placeholder={field.kind === 'url' ? 'https://' : undefined}
              autocomplete="off"
              value={shown()}
              onInput={change}
              error={props.wrong(field.name)}
            />
          }
        >
          <Match when={field.kind === 'secret'}>
            <Secret
              field={field}
              kept={isKept(field, props.config)}
              value={value()}
              error={props.wrong(field.name)}
              onChange={change}
            />
          </Match>
          <Match when={field.kind === 'switch'}>
            <Switch label={field.label} hint={field.hint || undefined} checked={value() === true} onChange={change} />
          </Match>
          <Match when={field.kind === 'choice'}>
            <Select
              label={field.label}
              hint={field.hint}
              value={shown()}
              options={[
                ...(field.required ? [] : [{ value: '', label: t('endpoint.unset') }]),
                ...field.choices.map((choice) => ({ value: choice, label: choice })),
              ]}
              onChange={change}
            />
          </Match>
        </Pick>
      )
    }}
  </For>
)

/** Written and never read back: what is there stays until something else is typed. */
function Secret(props: {
  field: Field
  kept: boolean
  value: Values[string]
  error: string | undefined
  onChange: (value: string | null | undefined) => void
}) {
  const hint = () => (props.value === null ? t('endpoint.dropped') : props.kept ? t('endpoint.kept') : props.field.hint)
  return (
    <div class="col gap-1 items-start">
      <div class="w-full">
        <TextField
          label={props.field.label}
          hint={hint()}
          type="password"
          autocomplete="new-password"
          mono
          required={props.field.required && !props.kept}
          disabled={props.value === null}
          maxlength={props.field.max}
          placeholder={props.kept && props.value !== null ? '••••••••' : undefined}
          value={typeof props.value === 'string' ? props.value : ''}
          onInput={(value) => props.onChange(value === '' ? undefined : value)}
          error={props.error}
        />
      </div>
      <Show when={props.kept && !props.field.required}>
        <Button
          size="sm"
          kind="ghost"
          class="-ml-2"
          onClick={() => props.onChange(props.value === null ? undefined : null)}
        >
          {props.value === null ? t('endpoint.keep') : t('endpoint.dropSecret')}
        </Button>
      </Show>
    </div>
  )
}
