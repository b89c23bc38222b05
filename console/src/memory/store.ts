import { createCollection } from '../store/collection'

/** Notes that somebody looked at, kept up to date: an agent writes them while a person reads. */
export const memories = createCollection({
  ofEvent: (event) => (event.kind === 'memory' ? event.payload : undefined),
  idOf: (note) => note.id,
  age: (note) => note.version,
})
