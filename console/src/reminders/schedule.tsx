import { createEffect, createSignal, createUniqueId, For, on, onCleanup, Show } from 'solid-js'
import { call } from '../api/client'
import { createLoad } from '../app/load'
import { t } from '../i18n'
import '../i18n/en/reminders'
import { locale } from '../i18n'
import { errorNext, errorText } from '../i18n/errors'
import { TextField } from '../ui/field'
import { Select } from '../ui/select'
import { asked, spanOf, units, zones, type Mode, type Unit, type When } from './when'

const modes: Mode[] = ['natural', 'at', 'every', 'cron', 'rrule']
const isUnit = (value: string): value is Unit => Object.hasOwn(units, value)

/** When a reminder fires: in words, once, at intervals, by a cron line or an RRULE, and what that comes to. */
export function ScheduleField(props: { value: When; onChange: (value: When) => void; error?: string | undefined }) {
  const set = (more: Partial<When>) => props.onChange({ ...props.value, ...more })
  const id = createUniqueId()
  const field = (label: string, hint: string, more: { type?: string; placeholder?: string; mono?: boolean } = {}) => (
    <TextField
      label={label}
      hint={hint}
      error={props.error}
      value={props.value.schedule}
      maxLength={500}
      onInput={(schedule) => set({ schedule })}
      {...more}
    />
  )
  return (
    <fieldset class="col gap-3 min-w-0">
      <legend class="sr-only">{t('reminder.when')}</legend>
      <Select
        label={t('reminder.how')}
        value={props.value.scheduleKind}
        options={modes.map((value) => ({ value, label: t(`reminder.mode.${value}`) }))}
        onChange={(scheduleKind) => set({ scheduleKind, schedule: scheduleKind === 'every' ? '3600' : '' })}
      />
      <Show when={props.value.scheduleKind} keyed>
        {(mode) =>
          mode === 'every' ? (
            <Interval seconds={Number(props.value.schedule) || 3600} onChange={(n) => set({ schedule: String(n) })} />
          ) : mode === 'at' ? (
            field(t('reminder.moment'), '', { type: 'datetime-local' })
          ) : mode === 'natural' ? (
            field(t('reminder.words'), t('reminder.wordsHint'), { placeholder: t('reminder.wordsExample') })
          ) : mode === 'cron' ? (
            field(t('reminder.mode.cron'), t('reminder.cronHint'), { placeholder: '30 8 * * 1-5', mono: true })
          ) : (
            field(t('reminder.mode.rrule'), t('reminder.rruleHint'), {
              placeholder: 'FREQ=WEEKLY;BYDAY=MO',
              mono: true,
            })
          )
        }
      </Show>
      <TextField
        label={t('reminder.zone')}
        list={`${id}-zones`}
        value={props.value.timezone}
        maxLength={64}
        onInput={(timezone) => set({ timezone })}
      />
      <datalist id={`${id}-zones`}>
        <For each={zones()}>{(zone) => <option value={zone} />}</For>
      </datalist>
      <Preview value={props.value} />
    </fieldset>
  )
}

function Interval(props: { seconds: number; onChange: (seconds: number) => void }) {
  const span = () => spanOf(props.seconds)
  return (
    <div class="grid grid-cols-2 gap-3">
      <TextField
        label={t('reminder.every')}
        type="number"
        min={1}
        max={1000}
        value={String(span().count)}
        onInput={(text) => props.onChange(Math.max(1, Math.min(1000, Number(text) || 1)) * units[span().unit])}
      />
      <Select
        label={t('reminder.unit')}
        value={span().unit}
        options={Object.keys(units)
          .filter(isUnit)
          .map((value) => ({ value, label: t(`reminder.unit.${value}`) }))}
        onChange={(unit) => props.onChange(span().count * units[unit])}
      />
    </div>
  )
}

/** Somebody pauses for so long before the server is asked, in milliseconds. */
const pauseMs = 250

/** The next times, in the zone of the reminder. */
function Preview(props: { value: When }) {
  const [settled, setSettled] = createSignal(asked(props.value))
  createEffect(
    on(
      () => asked(props.value),
      (when) => {
        const timer = setTimeout(() => setSettled(when), pauseMs)
        onCleanup(() => clearTimeout(timer))
      },
      { defer: true },
    ),
  )
  const answer = createLoad(settled, (body) => call('POST /api/reminders/preview', { body }))
  const show = (ms: number, timeZone: string) =>
    new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short', timeZone }).format(ms)
  return (
    <div class="rounded-lg bg-sunken border border-line px-3 py-2.5 text-[13px] min-h-10" aria-live="polite">
      <Show when={settled()} fallback={<p class="text-soft">{t('reminder.previewEmpty')}</p>}>
        <Show
          when={!answer.error()}
          fallback={
            <p class="text-bad">{[errorText(answer.error()), errorNext(answer.error())].filter(Boolean).join(' ')}</p>
          }
        >
          <Show when={answer.value()}>
            {(preview) => (
              <>
                <p class="font-600 pb-1">{preview().recurring ? t('reminder.next') : t('reminder.once')}</p>
                <ol class="col gap-0.5 text-soft">
                  <For each={preview().times}>{(at) => <li data-firing>{show(at, preview().timezone)}</li>}</For>
                </ol>
              </>
            )}
          </Show>
        </Show>
      </Show>
    </div>
  )
}
