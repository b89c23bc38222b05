import { createMemo, createSignal, Show } from 'solid-js'
import { CreateAgent } from '../agents/create'
import { ComputerDot } from '../computers/status'
import { RuntimeList } from '../computers/runtimes'
import { t } from '../i18n'
import '../i18n/en/entrance'
import { isAdmin } from '../store/session'
import { state } from '../store/state'
import { Button, LinkButton } from '../ui/button'
import { Card } from '../ui/card'
import { Icon } from '../ui/icon'

/** The first minutes: this computer with what it can run, and the first agent. Gone once there is one. */
export function Welcome() {
  const [kind, setKind] = createSignal<string>()
  const [creating, setCreating] = createSignal(false)
  const computer = createMemo(() => {
    const all = Object.values(state.computers)
    return all.find((computer) => computer.local) ?? all.find((computer) => computer.status === 'online') ?? all[0]
  })
  const hasAgent = () => Object.keys(state.agents).length > 0
  const create = (kind?: string) => {
    setKind(kind)
    setCreating(true)
  }
  return (
    <Show when={isAdmin() && (!hasAgent() || creating())}>
      <div class="px-4 sm:px-5 w-full max-w-170 mx-auto col gap-3">
        <Show when={computer()} fallback={<NoComputer />}>
          {(computer) => (
            <Card
              title={computer().local ? t('welcome.thisComputer') : computer().displayName}
              hint={
                <span class="row gap-1.5">
                  <ComputerDot status={computer().status} />
                  {computer().displayName} · {t(`computer.${computer().status}`)}
                </span>
              }
              actions={
                <Button kind="primary" size="sm" icon="i-lucide-plus" onClick={() => create()}>
                  {t('agent.create')}
                </Button>
              }
            >
              <p class="text-[13.5px] text-soft mb-2">{t('welcome.text')}</p>
              <RuntimeList computer={computer()} onCreate={create} short />
            </Card>
          )}
        </Show>
        <CreateAgent
          open={creating()}
          onClose={() => setCreating(false)}
          computerId={computer()?.id}
          runtimeKind={kind()}
        />
      </div>
    </Show>
  )
}

const NoComputer = () => (
  <Card title={t('welcome.noComputer')}>
    <div class="col items-start gap-3">
      <p class="text-soft row items-start gap-2">
        <Icon name="i-lucide-monitor-off" class="mt-0.75" />
        {t('welcome.noComputerText')}
      </p>
      <LinkButton href="/computers/new" kind="primary" icon="i-lucide-monitor-up">
        {t('enroll.add')}
      </LinkButton>
    </div>
  </Card>
)
