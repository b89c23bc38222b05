import { createSignal, For, Show } from 'solid-js'
import { createStore, unwrap } from 'solid-js/store'
import type { ManagedAgent } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import { put } from '../store/apply'
import { isAdmin } from '../store/session'
import { change } from '../store/state'
import { Button, IconButton } from '../ui/button'
import { Card } from '../ui/card'
import { TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { Checkbox } from '../ui/select'
import { toast } from '../ui/toast'

interface Line {
  name: string
  /** Null: the secret that the server keeps stays as it is. */
  value: string | null
  secret: boolean
}

const linesOf = (agent: ManagedAgent): Line[] => agent.env.map(({ name, value, secret }) => ({ name, value, secret }))

/** Variables of the agent's process. A secret can be written and replaced, never read. */
export function EnvForm(props: { agent: ManagedAgent }) {
  const [lines, setLines] = createStore(linesOf(props.agent))
  const [changed, setChanged] = createSignal(false)
  const request = createRequest()
  const update = (at: number, part: Partial<Line>) => {
    setLines(at, part)
    setChanged(true)
  }
  const save = async (event: SubmitEvent) => {
    event.preventDefault()
    const saved = await request.run(async () => {
      const env = structuredClone(unwrap(lines)).filter((line) => line.name)
      const agent = await call('PUT /api/agents/{id}/env', { params: { id: props.agent.id }, body: { env } })
      change((draft) => put(draft.agents, agent.id, agent))
      setLines(linesOf(agent))
      setChanged(false)
    })
    if (saved) toast('ok', t('agent.saved'))
  }
  return (
    <Card title={t('agent.environment')} hint={t('env.text')}>
      <form onSubmit={(event) => void save(event)}>
        <fieldset disabled={!isAdmin()} class="col gap-4">
          <For each={lines} fallback={<p class="text-soft text-[13.5px]">{t('env.none')}</p>}>
            {(line, at) => (
              <EnvLine
                line={line}
                onChange={(part) => update(at(), part)}
                onRemove={() => {
                  setLines((all) => all.filter((_, index) => index !== at()))
                  setChanged(true)
                }}
              />
            )}
          </For>
          <ErrorNotice error={request.error()} />
          <Show when={isAdmin()}>
            <div class="row flex-wrap gap-2">
              <Button
                icon="i-lucide-plus"
                onClick={() => {
                  setLines(lines.length, { name: '', value: '', secret: false })
                  setChanged(true)
                }}
              >
                {t('env.add')}
              </Button>
              <Button type="submit" kind="primary" busy={request.busy()} disabled={!changed()}>
                {t('common.save')}
              </Button>
            </div>
          </Show>
        </fieldset>
      </form>
    </Card>
  )
}

const looksSecret = (name: string) => /KEY|TOKEN|SECRET|PASSWORD/i.test(name)

function EnvLine(props: { line: Line; onChange: (part: Partial<Line>) => void; onRemove: () => void }) {
  /** What begins as one is shown while it is typed: the server keeps no such value as a secret. */
  const refers = () => props.line.value?.startsWith('secret:') ?? false
  return (
    <div class="grid sm:grid-cols-[1fr_1fr_auto_auto] gap-x-3 gap-y-2 items-end border-b border-line pb-4 sm:border-0 sm:pb-0">
      <TextField
        label={t('env.name')}
        mono
        value={props.line.name}
        pattern="[A-Za-z_][A-Za-z0-9_]*"
        title={t('env.nameHint')}
        placeholder="GITHUB_TOKEN"
        spellcheck={false}
        onInput={(name) => props.onChange({ name, ...(looksSecret(name) ? { secret: true } : {}) })}
      />
      <Show
        when={props.line.value !== null}
        fallback={
          <div class="col gap-1.5">
            <span class="text-[13px] font-550">{t('env.value')}</span>
            <div class="row gap-2 h-9">
              <span class="row gap-1.5 text-[13px] text-soft flex-1">
                <Icon name="i-lucide-lock" />
                {t('env.kept')}
              </span>
              <Button size="sm" onClick={() => props.onChange({ value: '' })}>
                {t('env.replace')}
              </Button>
            </div>
          </div>
        }
      >
        <TextField
          label={t('env.value')}
          mono
          type={props.line.secret && !refers() ? 'password' : 'text'}
          autocomplete="off"
          spellcheck={false}
          value={props.line.value ?? ''}
          onInput={(value) => props.onChange({ value })}
        />
      </Show>
      <div class="h-9 row sm:w-32">
        <Show
          when={!refers()}
          fallback={
            <span class="row gap-1.5 text-[13px] text-soft" title={t('env.referenceHint')}>
              <Icon name="i-lucide-key-round" />
              {t('env.reference')}
            </span>
          }
        >
          <Checkbox
            label={t('env.secret')}
            checked={props.line.secret}
            disabled={props.line.value === null}
            onChange={(secret) => props.onChange({ secret })}
          />
        </Show>
      </div>
      <div class="h-9 row">
        <IconButton
          icon="i-lucide-trash-2"
          label={t('env.remove', { name: props.line.name })}
          onClick={() => props.onRemove()}
        />
      </div>
    </div>
  )
}
