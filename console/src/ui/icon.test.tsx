import { expect, test } from 'bun:test'
import { createSignal } from 'solid-js'
import { render } from 'solid-js/web'
import { Icon } from './icon'

test('an icon is drawn in the page, follows its name, and says nothing to a reader', () => {
  const [name, setName] = createSignal('i-lucide-hash text-ok')
  const page = document.createElement('div')
  const dispose = render(() => <Icon name={name()} />, page)
  const icon = page.querySelector('.icon')
  const hash = icon?.querySelector('svg')?.innerHTML
  expect(icon?.getAttribute('aria-hidden')).toBe('true')
  expect(icon?.classList.contains('text-ok')).toBe(true)
  expect(hash).toContain('path')
  setName('i-lucide-bell')
  expect(page.querySelectorAll('svg')).toHaveLength(1)
  expect(page.querySelector('svg')?.innerHTML).not.toBe(hash)
  dispose()
})
