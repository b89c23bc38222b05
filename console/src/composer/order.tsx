import { createSignal, Show } from 'solid-js'
import { lazy } from '../app/lazy'
import { t } from '../i18n'
import { errorNext, errorText } from '../i18n/errors'
import { Button } from '../ui/button'
import { toast } from '../ui/toast'
import type { Place } from './commands/run'
import type { CommandHelp } from './commands/table'
import { parseCommand } from './commands/parse'
import { Line } from './notices'

const CommandSheet = lazy(() => import('./commands/sheet'))

type Standing = { question: string } | { wrong: string } | { help: true }

/**
 * Carries out what is written as a command. What is no command goes its usual way; a name that nobody knows is not sent before the writer
 * has said so.
 */
export function createOrders(place: () => Place) {
  const [standing, setStanding] = createSignal<Standing>()
  const [busy, setBusy] = createSignal(false)
  /** @returns whether `text` was done with; false: it is still to be sent or stays in the field */
  const carryOut = async (text: string): Promise<boolean> => {
    const order = parseCommand(text)
    if (!order || busy()) return false
    setBusy(true)
    setStanding(undefined)
    const from = place()
    try {
      const { findCommand, runCommand } = await import('./commands/run')
      const name = findCommand(order.name, from.target)
      if (!name) {
        setStanding({ question: t('composer.unknownCommand', { name: order.name }) })
        return false
      }
      const outcome = await runCommand(name, order.rest, from)
      if ('wrong' in outcome) {
        setStanding(outcome)
        return false
      }
      if ('help' in outcome) setStanding(outcome)
      if ('done' in outcome) {
        const { done, href } = outcome
        toast('ok', done, undefined, href ? { label: t('composer.open'), run: () => from.navigate(href) } : undefined)
      }
      return true
    } catch (error) {
      setStanding({ wrong: [errorText(error), errorNext(error)].filter(Boolean).join(' ') })
      return false
    } finally {
      setBusy(false)
    }
  }
  const [help, setHelp] = createSignal<readonly CommandHelp[]>()
  /** What the command that is being written takes. */
  const hint = (text: string): CommandHelp | undefined => {
    const name = /^\/([a-z]{1,20})\s/i.exec(text)?.[1]?.toLowerCase()
    if (!name) return undefined
    // Without it nothing is said, which is no reason to say more.
    if (!help()) void import('./commands/table').then(({ commandHelp }) => setHelp(commandHelp)).catch(() => undefined)
    return help()?.find((each) => each.name === name)
  }
  return { standing, setStanding, busy, carryOut, hint, dismiss: () => setStanding(undefined) }
}

export type Orders = ReturnType<typeof createOrders>

/** What became of a command, as far as there is something to do about it. */
export function OrderLine(props: { orders: Orders; text: string; onSendAnyway: () => void }) {
  const standing = () => props.orders.standing()
  const question = () => {
    const now = standing()
    return now && 'question' in now ? now.question : undefined
  }
  const wrong = () => {
    const now = standing()
    return now && 'wrong' in now ? now.wrong : undefined
  }
  const help = () => props.orders.setStanding({ help: true })
  return (
    <>
      <Show when={!standing() && props.orders.hint(props.text)}>
        {(help) => (
          <Line icon="i-lucide-square-slash">
            <span class="font-mono text-ink">
              /{help().name} {help().usage()}
            </span>{' '}
            · {help().text()}
          </Line>
        )}
      </Show>
      <Show when={question()}>
        {(text) => (
          <Line
            icon="i-lucide-circle-help"
            tone="bad"
            actions={
              <>
                <Button size="sm" onClick={() => props.onSendAnyway()}>
                  {t('composer.sendAnyway')}
                </Button>
                <Button size="sm" kind="ghost" onClick={help}>
                  {t('composer.allCommands')}
                </Button>
              </>
            }
          >
            {text()}
          </Line>
        )}
      </Show>
      <Show when={wrong()}>
        {(text) => (
          <Line icon="i-lucide-circle-alert" tone="bad">
            {text()}
          </Line>
        )}
      </Show>
      <Show when={standing() && 'help' in (standing() ?? {})}>
        <CommandSheet onClose={props.orders.dismiss} />
      </Show>
    </>
  )
}
