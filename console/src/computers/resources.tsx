import { Show } from 'solid-js'
import type { ComputerResources } from '@shared/contract'
import { sizeText } from '../attachments/file'
import { locale, t } from '../i18n'
import '../i18n/en/machines'
import { relative } from '../i18n/dates'
import { Card } from '../ui/card'
import { cx } from '../ui/cx'

const percent = (part: number): string => new Intl.NumberFormat(locale(), { style: 'percent' }).format(part)

/** How busy and how full a computer is, as its daemon said last. */
export const ResourcesCard = (props: { resources: ComputerResources | null }) => (
  <Card title={t('machine.resources')}>
    <Show when={props.resources} fallback={<p class="text-[13.5px] text-soft">{t('machine.unmeasured')}</p>}>
      {(now) => (
        <div class="col gap-3">
          <div class="grid sm:grid-cols-3 gap-4">
            <Meter
              label={t('machine.cpu')}
              used={(now().cpuPercent ?? 0) / 100}
              text={
                now().cpuPercent === null
                  ? t('machine.cpuUnknown', { n: now().cpuCount })
                  : t('machine.cpuOf', { percent: percent((now().cpuPercent ?? 0) / 100), n: now().cpuCount })
              }
            />
            <Space label={t('machine.memory')} free={now().memoryAvailable} total={now().memoryTotal} />
            <Space label={t('machine.disk')} free={now().diskAvailable} total={now().diskTotal} />
          </div>
          <p class="text-[12px] text-faint">{t('machine.measured', { when: relative(now().measuredAt) })}</p>
        </div>
      )}
    </Show>
  </Card>
)

const Space = (props: { label: string; free: number; total: number }) => (
  <Show when={props.total > 0}>
    <Meter
      label={props.label}
      used={1 - props.free / props.total}
      text={t('machine.free', { free: sizeText(props.free), total: sizeText(props.total) })}
    />
  </Show>
)

/** A part of a whole as a bar. `used`: 0 to 1. */
export const Meter = (props: { label: string; used: number; text: string }) => (
  <div class="col gap-1.5">
    <p class="row justify-between gap-2 text-[13px]">
      <span class="font-550">{props.label}</span>
    </p>
    <div
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(props.used * 100)}
      aria-valuetext={props.text}
      class="h-2 rounded-full bg-hover overflow-hidden"
    >
      <span
        class={cx(
          'block h-full rounded-full transition-[width]',
          props.used > 0.95 ? 'bg-bad' : props.used > 0.85 ? 'bg-warn' : 'bg-accent',
        )}
        style={{ width: `${Math.min(100, Math.max(1, props.used * 100))}%` }}
      />
    </div>
    <p class="text-[12.5px] text-soft tabular-nums">{props.text}</p>
  </div>
)
