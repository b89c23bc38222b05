import { defineConfig, presetWind4 } from 'unocss'

/** Every colour is a token of `src/design/tokens.css`, so that a theme is a set of custom properties and nothing else. */
const colours = [
  'canvas',
  'sidebar',
  'surface',
  'raised',
  'sunken',
  'hover',
  'line',
  'edge',
  'ink',
  'soft',
  'faint',
  'accent',
  'accent-ink',
  'accent-soft',
  'accent-text',
  'ok',
  'ok-soft',
  'warn',
  'warn-soft',
  'bad',
  'bad-soft',
  'info',
  'info-soft',
  'bot',
  'bot-soft',
]

/** The console's utility classes: Tailwind's vocabulary over our tokens. */
export const unoConfig = defineConfig({
  presets: [presetWind4({ preflights: { reset: true } })],
  theme: { colors: Object.fromEntries(colours.map((name) => [name, `var(--${name})`])) },
  shortcuts: {
    row: 'flex items-center',
    col: 'flex flex-col',
  },
})
