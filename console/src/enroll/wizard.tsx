import { useSearchParams } from '@solidjs/router'
import { createSignal, Match, onCleanup, Show, Switch } from 'solid-js'
import type { Enrollment } from '@shared/contract'
import { RuntimeList } from '../computers/runtimes'
import { CreateAgent } from '../agents/create'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { computerPath } from '../app/paths'
import { t } from '../i18n'
import '../i18n/en/machines'
import { duration, now } from '../i18n/dates'
import { put } from '../store/apply'
import { isAdmin } from '../store/session'
import { change, state } from '../store/state'
import { Button, LinkButton } from '../ui/button'
import { Card } from '../ui/card'
import { Command } from '../ui/code'
import { TextField } from '../ui/field'
import { Icon } from '../ui/icon'
import { ErrorNotice, Notice } from '../ui/notice'
import { Page } from '../ui/page'
import { Select } from '../ui/select'
import { Tabs } from '../ui/tabs'
import { lifetimes, lifetimeText, type Lifetime } from '../tunnels/lifetime'

interface Made {
  id: string
  commands: { shell: string; powershell: string }
}

/** Adds a computer: a name, one command to run there, and the page turns green by itself. */
export default function EnrollPage() {
  const [search] = useSearchParams<{ computer?: string }>()
  const again = () => (search.computer ? state.computers[search.computer] : undefined)
  const [made, setMade] = createSignal<Made>()
  const [name, setName] = createSignal('')
  const [lifetime, setLifetime] = createSignal<Lifetime>('3600')
  const request = createRequest()
  const begin = () =>
    request.run(async () => {
      const known = again()
      const displayName = name().trim()
      const answer = await call('POST /api/daemon/enrollments', {
        body: {
          ttlSeconds: Number(lifetime()),
          ...(known ? { computerId: known.id } : displayName ? { displayName } : {}),
        },
      })
      change((draft) => put(draft.enrollments, answer.enrollment.id, answer.enrollment))
      setMade({ id: answer.enrollment.id, commands: answer.commands })
    })
  return (
    <Page title={t('enroll.add')} back="/computers">
      <Show when={isAdmin()} fallback={<Notice tone="info">{t('error.adminOnly')}</Notice>}>
        <Show
          when={made()}
          fallback={
            <Card title={again() ? t('enroll.againOf', { name: again()?.displayName ?? '' }) : t('enroll.nameTitle')}>
              <form
                class="col gap-4 items-start"
                onSubmit={(event) => {
                  event.preventDefault()
                  void begin()
                }}
              >
                <Show when={!again()} fallback={<p class="text-soft">{t('enroll.againText')}</p>}>
                  <div class="w-full max-w-100">
                    <TextField
                      label={t('computer.name')}
                      hint={t('enroll.nameHint')}
                      placeholder={t('enroll.namePlaceholder')}
                      value={name()}
                      onInput={setName}
                      maxlength={80}
                      ref={(input) => queueMicrotask(() => input.focus())}
                    />
                  </div>
                </Show>
                <div class="w-full max-w-100">
                  <Select<Lifetime>
                    label={t('machine.lifetime')}
                    value={lifetime()}
                    options={lifetimes.map((value) => ({ value, label: lifetimeText(value) }))}
                    onChange={setLifetime}
                  />
                </div>
                <ErrorNotice error={request.error()} />
                <Button type="submit" kind="primary" busy={request.busy()} icon="i-lucide-terminal">
                  {t('enroll.make')}
                </Button>
              </form>
            </Card>
          }
        >
          {(made) => <Steps made={made()} onRenew={() => void begin()} />}
        </Show>
      </Show>
    </Page>
  )
}

/** Whether a command fetches from an address that stands for whatever computer it is run on. */
const isLocalOnly = (command: string): boolean => /https?:\/\/(localhost|127\.[\d.]+|\[::1\])[:/]/.test(command)

function Steps(props: { made: Made; onRenew: () => void }) {
  const enrollment = () => state.enrollments[props.made.id]
  const [shell, setShell] = createSignal<'unix' | 'windows'>(/Windows/.test(navigator.userAgent) ? 'windows' : 'unix')
  const connected = () => enrollment()?.status === 'connected'
  return (
    <>
      <Show when={!connected()}>
        <Card title={t('enroll.run')} hint={t('enroll.runText')}>
          <Tabs
            label={t('enroll.run')}
            value={shell()}
            onChange={setShell}
            tabs={[
              { value: 'unix', label: 'Linux / macOS' },
              { value: 'windows', label: 'Windows (PowerShell)' },
            ]}
          >
            <div class="col gap-3">
              <Command text={shell() === 'unix' ? props.made.commands.shell : props.made.commands.powershell} />
              <Show when={isLocalOnly(props.made.commands.shell)}>
                <Notice tone="warn" title={t('enroll.local')}>
                  {t('enroll.localText')}
                </Notice>
              </Show>
              <p class="text-[13px] text-soft">{t('enroll.safe')}</p>
            </div>
          </Tabs>
        </Card>
      </Show>
      <Show when={enrollment()}>{(enrollment) => <Progress enrollment={enrollment()} onRenew={props.onRenew} />}</Show>
    </>
  )
}

function Progress(props: { enrollment: Enrollment; onRenew: () => void }) {
  const status = () => props.enrollment.status
  const left = () => props.enrollment.expiresAt - now()
  const [creating, setCreating] = createSignal<string>()
  // The last seconds of the code are counted here; that it has expired is also told by an event.
  const expired = () => status() === 'expired' || (status() === 'pending' && left() <= 0)
  onCleanup(() => setCreating(undefined))
  const revoke = () =>
    act(async () => {
      const params = { id: props.enrollment.id }
      const revoked = await call('POST /api/daemon/enrollments/{id}/revoke', { params })
      change((draft) => put(draft.enrollments, revoked.id, revoked))
    })
  return (
    <div aria-live="polite">
      <Switch>
        <Match when={status() === 'connected' && state.computers[props.enrollment.computerId]}>
          {(computer) => (
            <div class="col gap-4">
              <div class="row gap-3 rounded-xl border border-ok/40 bg-ok-soft px-4 py-4">
                <Icon name="i-lucide-circle-check" class="text-2xl text-ok" />
                <div class="flex-1">
                  <p class="font-650 text-ok">{t('enroll.connected', { name: computer().displayName })}</p>
                  <p class="text-[13.5px]">{t('enroll.connectedText')}</p>
                </div>
                <LinkButton href={computerPath(computer().id)} size="sm">
                  {t('enroll.open')}
                </LinkButton>
              </div>
              <Card title={t('computer.runtimes')}>
                <RuntimeList computer={computer()} onCreate={setCreating} short />
              </Card>
              <CreateAgent
                open={creating() !== undefined}
                onClose={() => setCreating(undefined)}
                computerId={computer().id}
                runtimeKind={creating()}
              />
            </div>
          )}
        </Match>
        <Match when={expired() || status() === 'revoked'}>
          <Notice tone="warn" title={status() === 'revoked' ? t('machine.revoked') : t('enroll.expired')}>
            <div class="col items-start gap-2">
              {t('enroll.expiredText')}
              <Button size="sm" icon="i-lucide-rotate-cw" onClick={() => props.onRenew()}>
                {t('enroll.renew')}
              </Button>
            </div>
          </Notice>
        </Match>
        <Match when={status() === 'redeemed'}>
          <Waiting title={t('enroll.redeemed')} text={t('enroll.redeemedText')} />
        </Match>
        <Match when={true}>
          <div class="col gap-4">
            <Waiting
              title={t('enroll.waiting')}
              text={t('enroll.waitingText', { time: duration(Math.max(0, left())) })}
            />
            <Trouble onRevoke={() => void revoke()} />
          </div>
        </Match>
      </Switch>
    </div>
  )
}

/** What to try when the page does not turn green. */
const Trouble = (props: { onRevoke: () => void }) => (
  <details class="rounded-xl border border-line bg-surface px-4 py-3 text-[13.5px]">
    <summary class="cursor-pointer font-550 rounded">{t('machine.trouble')}</summary>
    <ul class="list-disc pl-5 mt-2 col gap-1.5 text-soft">
      <li>{t('machine.troubleCurl', { url: location.origin })}</li>
      <li>{t('machine.troubleProxy')}</li>
      <li>{t('machine.troubleService')}</li>
      <li>{t('machine.troubleUsed')}</li>
    </ul>
    <Button size="sm" kind="ghost" class="mt-2 -ml-2" icon="i-lucide-x" onClick={() => props.onRevoke()}>
      {t('machine.revoke')}
    </Button>
  </details>
)

const Waiting = (props: { title: string; text: string }) => (
  <div class="row gap-3 rounded-xl border border-line bg-surface px-4 py-4">
    <Icon name="i-lucide-loader-circle animate-spin" class="text-2xl text-info" />
    <div>
      <p class="font-650">{props.title}</p>
      <p class="text-[13.5px] text-soft tabular-nums">{props.text}</p>
    </div>
  </div>
)
