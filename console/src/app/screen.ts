import { createSignal } from 'solid-js'

const query = matchMedia('(max-width: 767px)')
const [narrow, setNarrow] = createSignal(query.matches)
query.addEventListener('change', (event) => setNarrow(event.matches))

/** The window is as narrow as a phone: one column, and a bar of tabs below. */
export { narrow }
