import { t } from '../i18n'
import '../i18n/en/server'

/** What a check of the server is called. */
export const checkName = (name: string): string =>
  name === 'storage' || name === 'disk' || name === 'process' ? t(`server.check.${name}`) : name
