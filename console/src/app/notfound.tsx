import { t } from '../i18n'
import { LinkButton } from '../ui/button'
import { Empty } from '../ui/empty'

/** An address that leads nowhere, or to something that is gone or not this reader's to see. */
export const NotFound = (props: { title?: string; text?: string }) => (
  <div class="h-full col justify-center">
    <Empty
      icon="i-lucide-map-pin-off"
      title={props.title ?? t('notFound.title')}
      text={props.text ?? t('notFound.text')}
    >
      <LinkButton href="/" kind="primary" icon="i-lucide-house">
        {t('notFound.home')}
      </LinkButton>
    </Empty>
  </div>
)
