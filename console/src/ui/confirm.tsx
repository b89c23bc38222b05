import { createSignal, Show } from 'solid-js'
import { t } from '../i18n'
import { Button } from './button'
import { Dialog } from './dialog'

interface Question {
  title: string
  body: string
  /** What the button that does it says. */
  action: string
  danger?: boolean
}

const [asked, setAsked] = createSignal<Question & { answer: (yes: boolean) => void }>()

/** Asks before something that cannot be undone. Resolves false when the reader turns away. */
export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => setAsked({ ...question, answer: resolve }))
}

/** Where the questions of `confirm` are shown; once in the page. */
export function ConfirmHost() {
  const answer = (yes: boolean) => {
    asked()?.answer(yes)
    setAsked(undefined)
  }
  return (
    <Show when={asked()}>
      {(question) => (
        <Dialog
          open
          title={question().title}
          onClose={() => answer(false)}
          footer={
            <>
              <Button kind="ghost" onClick={() => answer(false)}>
                {t('common.cancel')}
              </Button>
              <Button kind={question().danger ? 'danger' : 'primary'} onClick={() => answer(true)}>
                {question().action}
              </Button>
            </>
          }
        >
          <p class="text-soft">{question().body}</p>
        </Dialog>
      )}
    </Show>
  )
}
