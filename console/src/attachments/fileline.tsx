import type { AttachmentBrief } from '@shared/contract'
import { t } from '../i18n'
import { Icon } from '../ui/icon'
import { downloadPath, iconOf, shownName, sizeText } from './file'

/** Icon, name, size and the button that downloads. */
export const FileLine = (props: { file: AttachmentBrief; large?: boolean }) => (
  <div class="row gap-2.5 min-w-0">
    <Icon
      name={iconOf(props.file.mimeType)}
      class={props.large ? 'text-[26px] text-accent-text' : 'text-[15px] text-soft'}
    />
    <div class={props.large ? 'flex-1 min-w-0 leading-tight' : 'flex-1 min-w-0 row gap-2'}>
      <bdi class="block truncate text-[13.5px] font-550" title={shownName(props.file.filename, 255)}>
        {shownName(props.file.filename, 34)}
      </bdi>
      <span class="text-[12px] text-faint whitespace-nowrap">{sizeText(props.file.sizeBytes)}</span>
    </div>
    <a
      href={downloadPath(props.file.id)}
      download={shownName(props.file.filename, 255)}
      aria-label={t('file.download', { name: shownName(props.file.filename) })}
      title={t('file.download', { name: shownName(props.file.filename) })}
      class="inline-flex size-8 max-sm:size-10 shrink-0 items-center justify-center rounded-lg text-soft hover:text-ink hover:bg-hover"
    >
      <Icon name="i-lucide-download" class="text-[16px]" />
    </a>
  </div>
)
