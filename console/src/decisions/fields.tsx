import '../i18n/en/decisions'
import { t } from '../i18n'
import { TextArea, TextField } from '../ui/field'

export interface DecisionDraft {
  title: string
  body: string
  /** How many have to approve; undefined: as many as is usual. */
  quorum: number | undefined
}

export const emptyDraft = (): DecisionDraft => ({ title: '', body: '', quorum: undefined })

/** What a proposal is made of. */
export function DecisionFields(props: {
  draft: DecisionDraft
  onChange: (draft: DecisionDraft) => void
  wrong: (path: string) => string | undefined
}) {
  const set = (fields: Partial<DecisionDraft>) => props.onChange({ ...props.draft, ...fields })
  return (
    <>
      <TextField
        label={t('decision.title')}
        value={props.draft.title}
        onInput={(title) => set({ title })}
        error={props.wrong('title')}
        maxlength={200}
        required
        ref={(input) => queueMicrotask(() => input.focus())}
      />
      <TextArea
        label={t('decision.body')}
        hint={t('decision.bodyHint')}
        value={props.draft.body}
        onInput={(body) => set({ body })}
        error={props.wrong('body')}
        rows={5}
        maxlength={20_000}
        required
      />
      <TextField
        label={t('decision.quorum')}
        hint={t('decision.quorumHint')}
        type="number"
        min={1}
        max={100}
        value={props.draft.quorum ?? ''}
        onInput={(value) => set({ quorum: value ? Number(value) : undefined })}
        error={props.wrong('quorum')}
      />
    </>
  )
}
