import { createSignal, Show } from 'solid-js'
import type { ReleaseGate, Task } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { Problem } from './problem'
import { fetchTask } from './store'

/** What a person can say about the release of a task's work. */
export type Asked = 'approved' | 'changes_requested' | 'waiver' | 'release' | 'checks'

const titles: Record<Asked, () => string> = {
  approved: () => t('task.review.approve'),
  changes_requested: () => t('task.review.askChanges'),
  waiver: () => t('task.gate.waive'),
  release: () => t('task.gate.release'),
  checks: () => t('task.gate.editChecks'),
}
const labels: Record<Asked, () => string> = {
  approved: () => t('task.review.comment'),
  changes_requested: () => t('task.review.comment'),
  waiver: () => t('task.gate.reason'),
  release: () => t('task.gate.note'),
  checks: () => t('task.gate.checks'),
}

/** The window in which a review, a waiver, a release or the required checks are written. */
export function Ask(props: { what: Asked; task: Task; gate: ReleaseGate; onClose: () => void; onDone: () => void }) {
  const [text, setText] = createSignal(props.what === 'checks' ? props.gate.requiredChecks.join('\n') : '')
  const [version, setVersion] = createSignal('')
  const request = createRequest()
  const params = { id: props.task.id }
  const send = async (): Promise<unknown> => {
    const { what } = props
    if (what === 'waiver') return call('POST /api/tasks/{id}/gate/waiver', { params, body: { reason: text().trim() } })
    if (what === 'checks') {
      const requiredChecks = text()
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean)
      return call('PUT /api/tasks/{id}/gate', { params, body: { requiredChecks } })
    }
    if (what === 'release')
      return call('POST /api/tasks/{id}/release', { params, body: { version: version(), note: text() } })
    return call('POST /api/tasks/{id}/reviews', { params, body: { verdict: what, comment: text() } })
  }
  const save = async () => {
    const done = await request.run(async () => {
      await send()
      await fetchTask(props.task.id)
    })
    if (done) props.onDone()
  }
  return (
    <Dialog
      open
      onClose={() => props.onClose()}
      title={titles[props.what]()}
      footer={
        <>
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button
            kind="primary"
            busy={request.busy()}
            disabled={props.what === 'waiver' && !text().trim()}
            onClick={() => void save()}
          >
            {titles[props.what]()}
          </Button>
        </>
      }
    >
      <div class="col gap-3">
        <Show when={props.what === 'release'}>
          <TextField label={t('task.gate.version')} maxLength={100} value={version()} onInput={setVersion} />
        </Show>
        <TextArea
          ref={(area) => queueMicrotask(() => area.focus())}
          label={labels[props.what]()}
          hint={props.what === 'checks' ? t('task.gate.checksHint') : undefined}
          rows={4}
          maxLength={props.what === 'waiver' ? 2000 : 4000}
          value={text()}
          onInput={setText}
        />
        <Problem error={request.error()} task={props.task} />
      </div>
    </Dialog>
  )
}
