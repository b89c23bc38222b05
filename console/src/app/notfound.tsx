import { t } from '../i18n'
import { LinkButton } from '../ui/button'
import { Empty } from '../ui/empty'
import { nameView } from '../ui/title'

/** An address that leads nowhere, or to something that is gone or not this reader's to see. */
export function NotFound(props: { title?: string; text?: string }) {
  const title = () => props.title ?? t('notFound.title')
  nameView(title)
  return (
    <div class="h-full col justify-center">
      <Empty icon="i-lucide-map-pin-off" title={title()} text={props.text ?? t('notFound.text')}>
        <LinkButton href="/" kind="primary" icon="i-lucide-house">
          {t('notFound.home')}
        </LinkButton>
      </Empty>
    </div>
  )
}
