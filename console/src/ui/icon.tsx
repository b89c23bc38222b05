import icons from 'virtual:icons'
import { cx } from './cx'

/** Elements to copy, by the name of the icon. */
const drawn = new Map<string, SVGElement | undefined>()

/**
 * A Lucide icon by its whole class (`i-lucide-hash`), by which the build finds what to take along. It says nothing to a reader. Drawn in
 * the page, because as pictures in the style sheet each icon was a document of its own, which made the first screen a quarter slower.
 */
export const Icon = (props: { name: string; class?: string | undefined }) => (
  <span class={cx('icon inline-block shrink-0', props.name, props.class)} aria-hidden="true">
    {copyOf(props.name)}
  </span>
)

function copyOf(className: string): Node | undefined {
  const name = /\bi-lucide-([a-z0-9-]+)/.exec(className)?.[1] ?? ''
  if (!drawn.has(name)) drawn.set(name, draw(icons[name]))
  return drawn.get(name)?.cloneNode(true)
}

function draw(body: string | undefined): SVGElement | undefined {
  if (body === undefined) return undefined
  const frame = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  frame.setAttribute('viewBox', '0 0 24 24')
  frame.innerHTML = body
  return frame
}
