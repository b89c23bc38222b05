import { createSignal } from 'solid-js'
import { failure } from '@shared/contract/client'
import { authHeaders, call } from '../api/client'
import { createRequest } from '../app/act'
import { channels, channelTitle, dms } from '../app/unread'
import { t, type PlainKey } from '../i18n'
import '../i18n/en/artifacts'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextField } from '../ui/field'
import { ErrorNotice } from '../ui/notice'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { artifacts } from './store'

const lives = ['3600', '86400', '604800', '2592000', '7776000'] as const
type Life = (typeof lives)[number]
const words: Record<Life, PlainKey> = {
  3600: 'artifact.hour',
  86400: 'artifact.day',
  604800: 'artifact.week',
  2592000: 'artifact.month',
  7776000: 'artifact.quarter',
}
const nowhere = ''

/** Publishes a file of the reader's, for a while. */
export default function PublishArtifact(props: { target: string | undefined; onClose: () => void }) {
  const [file, setFile] = createSignal<File>()
  const [title, setTitle] = createSignal('')
  const [target, setTarget] = createSignal(props.target ?? nowhere)
  const [life, setLife] = createSignal<Life>('604800')
  const request = createRequest()
  const choose = (list: FileList | null) => {
    const chosen = list?.[0]
    setFile(chosen)
    if (chosen && title() === '') setTitle(chosen.name.replace(/\.[^.]+$/, '').slice(0, 200))
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    void request.run(async () => {
      const chosen = file()
      if (!chosen) return
      const query = new URLSearchParams({
        filename: chosen.name.slice(0, 255),
        title: title().trim(),
        ttl: life(),
        ...(chosen.type ? { mime: chosen.type } : {}),
        ...(target() === nowhere ? {} : { target: target() }),
      })
      const response = await fetch(`/api/artifacts?${query}`, {
        method: 'POST',
        headers: { ...authHeaders(), 'content-type': 'application/octet-stream' },
        body: chosen,
      })
      if (!response.ok) throw failure(response.status, await response.text())
      const { id }: { id: string } = await response.json()
      artifacts.put(await call('GET /api/artifacts/{id}', { params: { id } }))
      toast('ok', t('artifact.published'))
      props.onClose()
    })
  }
  return (
    <Dialog open onClose={() => props.onClose()} title={t('artifact.publish')} subtitle={t('artifact.text')}>
      <form class="col gap-4" onSubmit={submit}>
        <label class="col gap-1.5">
          <span class="text-[13px] font-550">{t('artifact.file')}</span>
          <input
            type="file"
            required
            aria-describedby="artifact-hint"
            class="w-full text-[13.5px] file:mr-3 file:h-9 file:px-3.5 file:rounded-lg file:border file:border-solid file:border-edge file:bg-surface file:text-ink file:font-550"
            onChange={(event) => choose(event.currentTarget.files)}
          />
          <span id="artifact-hint" class="text-[12.5px] text-soft">
            {t('artifact.fileHint')}
          </span>
        </label>
        <TextField
          label={t('artifact.title')}
          value={title()}
          onInput={setTitle}
          maxlength={200}
          autocomplete="off"
          required
          error={request.wrong('title')}
        />
        <div class="grid sm:grid-cols-2 gap-4">
          <Select
            label={t('artifact.where')}
            value={target()}
            options={[
              { value: nowhere, label: t('artifact.nowhere') },
              ...channels().map((channel) => ({ value: channel.target, label: `#${channelTitle(channel)}` })),
              ...dms().map((channel) => ({ value: channel.target, label: channelTitle(channel) })),
            ]}
            onChange={setTarget}
          />
          <Select<Life>
            label={t('artifact.for')}
            value={life()}
            options={lives.map((value) => ({ value, label: t(words[value]) }))}
            onChange={setLife}
          />
        </div>
        <ErrorNotice error={request.error()} />
        <div class="row justify-end gap-2">
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" kind="primary" busy={request.busy()} disabled={!file()}>
            {t('artifact.publish')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
