import { useNavigate } from '@solidjs/router'
import { createSignal } from 'solid-js'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { conversationPath } from '../app/paths'
import { t } from '../i18n'
import { put } from '../store/apply'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Switch } from '../ui/select'

/** What a channel's name becomes while it is typed: lower case, dashes for spaces. */
export const channelName = (typed: string): string =>
  typed
    .toLowerCase()
    .replace(/^#/, '')
    .replace(/\s+/g, '-')
    .replace(/[^\p{L}\p{N}._-]/gu, '')

/** The dialog that makes a channel. */
export const CreateChannel = (props: { open: boolean; onClose: () => void }) => (
  <Dialog open={props.open} onClose={props.onClose} title={t('channel.create')} subtitle={t('channel.createText')}>
    <Form onClose={props.onClose} />
  </Dialog>
)

function Form(props: { onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = createSignal('')
  const [topic, setTopic] = createSignal('')
  const [secret, setSecret] = createSignal(false)
  const request = createRequest()
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const visibility = secret() ? ('private' as const) : ('public' as const)
      const channel = await call('POST /api/channels', { body: { name: name(), topic: topic().trim(), visibility } })
      change((draft) => put(draft.channels, channel.target, channel))
      props.onClose()
      navigate(conversationPath(channel.target))
    })
  }
  return (
    <form class="col gap-4" onSubmit={submit}>
      <TextField
        label={t('channel.name')}
        hint={t('channel.nameHint')}
        placeholder="release-notes"
        value={name()}
        onInput={(value) => setName(channelName(value))}
        error={request.wrong('name', 'name_taken')}
        required
        ref={(input) => queueMicrotask(() => input.focus())}
      />
      <TextField
        label={t('channel.topic')}
        hint={t('channel.topicHint')}
        value={topic()}
        onInput={setTopic}
        maxlength={500}
      />
      <Switch label={t('channel.private')} hint={t('channel.privateHint')} checked={secret()} onChange={setSecret} />
      <ErrorNotice error={request.error()} />
      <div class="row justify-end gap-2">
        <Button kind="ghost" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('channel.createSubmit')}
        </Button>
      </div>
    </form>
  )
}
