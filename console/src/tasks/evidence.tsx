import { For, type JSX, Show } from 'solid-js'
import type { ReleaseGate, TaskCheck } from '@shared/contract'
import { t } from '../i18n'
import '../i18n/en/tasks'
import { relative } from '../i18n/dates'
import { Badge, type Tone } from '../ui/badge'
import { RunLink } from './properties'

const tones: Record<TaskCheck['status'], Tone> = { passed: 'ok', failed: 'bad', skipped: 'plain', blocked: 'warn' }

/** How the work was checked, the latest first. */
export const Evidence = (props: { evidence: ReleaseGate['evidence']; action?: JSX.Element }) => (
  <section class="col gap-2">
    <div class="row flex-wrap gap-2 justify-between">
      <h3 class="font-600 text-[14px]">{t('task.evidence')}</h3>
      {props.action}
    </div>
    <ul class="col gap-3">
      <For each={props.evidence} fallback={<li class="text-[13.5px] text-soft">{t('task.noEvidence')}</li>}>
        {(entry) => (
          <li class="rounded-xl border border-line bg-surface px-3.5 py-3 col gap-1.5 text-[13.5px]">
            <p class="text-[12.5px] text-soft">
              <span class="font-600 text-ink">{entry.actor.displayName}</span> · {relative(entry.createdAt)}
            </p>
            <p class="[overflow-wrap:anywhere]">{entry.summary}</p>
            <For each={entry.checks}>{(check) => <Check check={check} />}</For>
            <Show when={entry.commitIds.length > 0}>
              <p class="row flex-wrap gap-1.5">
                <For each={entry.commitIds}>{(id) => <code class="text-[12px] text-soft">{id.slice(0, 10)}</code>}</For>
              </p>
            </Show>
            <Show when={entry.runId}>{(id) => <RunLink id={id()} />}</Show>
          </li>
        )}
      </For>
    </ul>
  </section>
)

const Check = (props: { check: TaskCheck }) => (
  <div class="col gap-1">
    <p class="row flex-wrap gap-2">
      <Badge tone={tones[props.check.status]}>{t(`task.check.${props.check.status}`)}</Badge>
      <span class="font-550">{props.check.name}</span>
      <span class="text-soft [overflow-wrap:anywhere]">{props.check.summary}</span>
    </p>
    <Show when={props.check.command}>
      <code class="text-[12px] text-soft [overflow-wrap:anywhere]">{props.check.command}</code>
    </Show>
    <Show when={props.check.excerpt}>
      <pre class="text-[12px] bg-sunken rounded-lg px-2.5 py-2 max-h-40 overflow-auto" tabindex="0">
        {props.check.excerpt}
      </pre>
    </Show>
  </div>
)
