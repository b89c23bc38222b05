import { For } from 'solid-js'
import { t } from '../i18n'
import '../i18n/en/search'
import { Icon } from '../ui/icon'
import { Menu } from '../ui/menu'
import { choices } from './complete'
import { labels } from './labels'
import { filtersOf, withFilter, without, type Filter } from './query'

const offered: { filter: Filter; icon: string }[] = [
  { filter: 'from', icon: 'i-lucide-user' },
  { filter: 'in', icon: 'i-lucide-hash' },
  { filter: 'is', icon: 'i-lucide-shapes' },
  { filter: 'has', icon: 'i-lucide-paperclip' },
  { filter: 'kind', icon: 'i-lucide-tag' },
  { filter: 'after', icon: 'i-lucide-calendar-arrow-up' },
  { filter: 'before', icon: 'i-lucide-calendar-arrow-down' },
]
const chip =
  'row gap-1.5 h-10 md:h-7.5 [@media(pointer:coarse)]:h-10! px-2.5 rounded-full border text-[13px] whitespace-nowrap'

/** What is filtered by, each with a way to take it away, and what else could be. */
export const FilterBar = (props: { value: string; onChange: (text: string) => void }) => (
  <div role="group" aria-label={t('search.filters')} class="row flex-wrap gap-1.5">
    <For each={filtersOf(props.value)}>
      {(part) => (
        <button
          type="button"
          aria-label={t('search.remove', { filter: part.text })}
          onClick={() => props.onChange(without(props.value, part))}
          class={`${chip} border-transparent bg-accent-soft text-accent-text font-550`}
        >
          {t(`search.filter.${part.filter}`)}: {labels.value(part.filter, part.value)}
          <Icon name="i-lucide-x" />
        </button>
      )}
    </For>
    <For each={offered}>
      {({ filter, icon }) => (
        <Menu
          label={t(`search.filter.${filter}`)}
          placement="bottom-start"
          trigger={(trigger) => (
            <button type="button" {...trigger} class={`${chip} border-line text-soft hover:text-ink hover:bg-hover`}>
              <Icon name={icon} />
              {t(`search.filter.${filter}`)}
            </button>
          )}
          items={choices(filter, '', labels).map((choice) => ({
            label: choice.label,
            hint: choice.hint,
            onSelect: () => props.onChange(withFilter(props.value, filter, choice.value)),
          }))}
        />
      )}
    </For>
  </div>
)
