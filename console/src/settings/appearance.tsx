import { createSignal } from 'solid-js'
import { chooseLocale, locale, t, type Locale } from '../i18n'
import { chooseDensity, type Density, storedDensity } from '../theme/density'
import { chooseTheme, storedTheme, type Theme } from '../theme/theme'
import { Card } from '../ui/card'
import { Choice } from '../ui/select'

/** Light or dark, how close things stand, and the language. Kept on this browser. */
export default function Appearance() {
  const [theme, setTheme] = createSignal<Theme>(storedTheme())
  const [density, setDensity] = createSignal<Density>(storedDensity())
  return (
    <Card title={t('settings.appearance')} hint={t('settings.appearanceText')}>
      <div class="col gap-5">
        <div class="col items-start gap-2">
          <span class="text-[13px] font-550">{t('settings.theme')}</span>
          <Choice
            label={t('settings.theme')}
            value={theme()}
            options={[
              { value: 'system', label: t('theme.system'), icon: 'i-lucide-sun-moon' },
              { value: 'light', label: t('theme.light'), icon: 'i-lucide-sun' },
              { value: 'dark', label: t('theme.dark'), icon: 'i-lucide-moon' },
            ]}
            onChange={(value) => {
              setTheme(value)
              chooseTheme(value)
            }}
          />
        </div>
        <div class="col items-start gap-2">
          <span class="text-[13px] font-550">{t('settings.density')}</span>
          <Choice
            label={t('settings.density')}
            value={density()}
            options={[
              { value: 'comfortable', label: t('settings.comfortable'), icon: 'i-lucide-rows-2' },
              { value: 'compact', label: t('settings.compact'), icon: 'i-lucide-rows-4' },
            ]}
            onChange={(value) => {
              setDensity(value)
              chooseDensity(value)
            }}
          />
        </div>
        <div class="col items-start gap-2">
          <span class="text-[13px] font-550">{t('settings.language')}</span>
          <Choice<Locale>
            label={t('settings.language')}
            value={locale()}
            options={[
              { value: 'en', label: 'English' },
              { value: 'zh-CN', label: '简体中文' },
            ]}
            onChange={(value) => void chooseLocale(value)}
          />
        </div>
      </div>
    </Card>
  )
}
