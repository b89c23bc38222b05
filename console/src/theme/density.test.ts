import { expect, test } from 'bun:test'
import { chooseDensity, storedDensity } from './density'
import { applyTheme } from './theme'

test('what was chosen is shown, and is there again at the next visit', () => {
  expect(storedDensity()).toBe('comfortable')
  chooseDensity('compact')
  expect(document.documentElement.getAttribute('data-density')).toBe('compact')
  document.documentElement.removeAttribute('data-density')
  applyTheme('light')
  expect(document.documentElement.getAttribute('data-density')).toBe('compact')
  chooseDensity('comfortable')
  expect(storedDensity()).toBe('comfortable')
  localStorage.setItem('nekode.density', 'nonsense')
  expect(storedDensity()).toBe('comfortable')
})
