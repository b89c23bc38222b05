import { useNavigate } from '@solidjs/router'
import { createSignal } from 'solid-js'
import type { Channel } from '@shared/contract'
import { call } from '../api/client'
import { act, createRequest } from '../app/act'
import { t } from '../i18n'
import { put } from '../store/apply'
import { change } from '../store/state'
import { Button } from '../ui/button'
import { confirm } from '../ui/confirm'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select, Switch } from '../ui/select'

/** Name, topic, visibility, language, and the end of a channel. */
export const ChannelSettings = (props: { channel: Channel; open: boolean; onClose: () => void }) => (
  <Dialog open={props.open} onClose={props.onClose} title={t('channel.settings')}>
    <Form channel={props.channel} onClose={props.onClose} />
  </Dialog>
)

function Form(props: { channel: Channel; onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = createSignal(props.channel.name.replace(/^#/, ''))
  const [language, setLanguage] = createSignal(props.channel.language)
  const [topic, setTopic] = createSignal(props.channel.topic)
  const [secret, setSecret] = createSignal(props.channel.visibility === 'private')
  const request = createRequest()
  const save = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const channel = await call('PATCH /api/channels/{target}', {
        params: { target: props.channel.target },
        body: {
          ...(name().trim() === props.channel.name.replace(/^#/, '') ? {} : { name: name().trim() }),
          topic: topic().trim(),
          visibility: secret() ? 'private' : 'public',
          language: language(),
        },
      })
      change((draft) => put(draft.channels, channel.target, channel))
      props.onClose()
    })
  }
  const archive = async () => {
    const question = {
      title: t('channel.archiveTitle'),
      body: t('channel.archiveText'),
      action: t('channel.archive'),
      danger: true,
    }
    if (!(await confirm(question))) return
    const done = await act(() => call('DELETE /api/channels/{target}', { params: { target: props.channel.target } }))
    if (!done) return
    props.onClose()
    navigate('/')
  }
  return (
    <form class="col gap-4" onSubmit={save}>
      <TextField
        label={t('channel.name')}
        hint={t('channel.renameHint', { target: props.channel.target })}
        value={name()}
        onInput={setName}
        error={request.wrong('name')}
        maxlength={80}
        required
      />
      <TextArea
        label={t('channel.topic')}
        hint={t('channel.topicHint')}
        rows={2}
        value={topic()}
        onInput={setTopic}
        maxlength={500}
      />
      <Switch label={t('channel.private')} hint={t('channel.privateHint')} checked={secret()} onChange={setSecret} />
      <Select
        label={t('channel.language')}
        hint={t('channel.languageHint')}
        value={language()}
        options={[
          { value: 'en', label: 'English' },
          { value: 'zh', label: '简体中文' },
        ]}
        onChange={setLanguage}
      />
      <ErrorNotice error={request.error()} />
      <div class="row gap-2">
        <Button kind="danger" icon="i-lucide-archive" onClick={() => void archive()} class="mr-auto">
          {t('channel.archive')}
        </Button>
        <Button kind="ghost" onClick={props.onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" kind="primary" busy={request.busy()}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  )
}
