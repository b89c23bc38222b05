import { createSignal, Index, Show } from 'solid-js'
import { createStore, produce } from 'solid-js/store'
import type { ReleaseGate, Task, TaskCheck } from '@shared/contract'
import { call } from '../api/client'
import { createRequest } from '../app/act'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { Button, IconButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { TextArea, TextField } from '../ui/field'
import { Select } from '../ui/select'
import { toast } from '../ui/toast'
import { type CheckDraft, checksOf, commitsIn, firstChecks } from './proof'
import { Problem } from './problem'
import { fetchTask } from './store'

const statuses: TaskCheck['status'][] = ['passed', 'failed', 'skipped', 'blocked']
const most = 50

/** The window in which a person says how the work of a task was checked. */
export default function EvidenceForm(props: {
  task: Task
  gate: ReleaseGate
  onClose: () => void
  onDone: () => void
}) {
  const [summary, setSummary] = createSignal('')
  const [commits, setCommits] = createSignal('')
  const [checks, setChecks] = createStore<CheckDraft[]>(firstChecks(props.gate))
  const request = createRequest()
  const wrongCommit = () => {
    const { wrong } = commitsIn(commits())
    return wrong === undefined ? undefined : t('task.evidence.noCommit', { text: wrong })
  }
  const save = async () => {
    const done = await request.run(async () => {
      const { ids: commitIds } = commitsIn(commits())
      await call('POST /api/tasks/{id}/evidence', {
        params: { id: props.task.id },
        body: { summary: summary().trim(), checks: checksOf(checks), commitIds },
      })
      await fetchTask(props.task.id)
    })
    if (!done) return
    toast('ok', t('task.evidence.added'))
    props.onDone()
  }
  return (
    <Dialog
      open
      onClose={() => props.onClose()}
      title={t('task.evidence.add')}
      footer={
        <>
          <Button kind="ghost" onClick={() => props.onClose()}>
            {t('common.cancel')}
          </Button>
          <Button
            kind="primary"
            busy={request.busy()}
            disabled={!summary().trim() || wrongCommit() !== undefined}
            onClick={() => void save()}
          >
            {t('task.evidence.add')}
          </Button>
        </>
      }
    >
      <div class="col gap-4">
        <TextArea
          ref={(area) => queueMicrotask(() => area.focus())}
          label={t('task.evidence.summary')}
          hint={t('task.evidence.summaryHint')}
          rows={3}
          maxLength={4000}
          value={summary()}
          onInput={setSummary}
        />
        <fieldset class="col gap-3 min-w-0">
          <legend class="text-[13px] font-550 mb-1.5">{t('task.evidence.checks')}</legend>
          <Index each={checks}>
            {(check, at) => (
              <CheckFields
                check={check()}
                set={(more) => setChecks(at, more)}
                remove={() => setChecks(produce((list) => void list.splice(at, 1)))}
              />
            )}
          </Index>
          <Show when={checks.length < most}>
            <Button
              size="sm"
              class="self-start"
              icon="i-lucide-plus"
              onClick={() => setChecks(checks.length, { name: '', status: 'passed', command: '' })}
            >
              {t('task.evidence.another')}
            </Button>
          </Show>
        </fieldset>
        <TextField
          label={t('task.evidence.commits')}
          hint={t('task.evidence.commitsHint')}
          error={wrongCommit()}
          mono
          value={commits()}
          onInput={setCommits}
        />
        <Problem error={request.error()} task={props.task} />
      </div>
    </Dialog>
  )
}

const CheckFields = (props: { check: CheckDraft; set: (more: Partial<CheckDraft>) => void; remove: () => void }) => (
  <div class="rounded-xl border border-line p-3 col gap-2">
    <div class="row items-end gap-2">
      <div class="flex-1 min-w-0">
        <TextField
          label={t('task.evidence.check')}
          maxLength={100}
          value={props.check.name}
          onInput={(name) => props.set({ name })}
        />
      </div>
      <Select<TaskCheck['status']>
        label={t('task.evidence.status')}
        value={props.check.status}
        options={statuses.map((value) => ({ value, label: t(`task.check.${value}`) }))}
        onChange={(status) => props.set({ status })}
      />
      <IconButton
        icon="i-lucide-x"
        label={t('task.evidence.removeCheck', { name: props.check.name || t('task.evidence.thisCheck') })}
        class="max-md:size-10"
        onClick={() => props.remove()}
      />
    </div>
    <TextField
      label={t('task.evidence.command')}
      mono
      maxLength={2000}
      value={props.check.command}
      onInput={(command) => props.set({ command })}
    />
  </div>
)
