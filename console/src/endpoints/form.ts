/**
 * A form out of a provider's JSON Schema: what the server can be connected to is the server's to know, and a new provider needs nothing
 * here. Text, addresses, secrets, numbers, choices and switches; a setting of another shape is left as it is.
 */
export interface Field {
  name: string
  label: string
  hint: string
  kind: 'text' | 'url' | 'secret' | 'number' | 'choice' | 'switch'
  required: boolean
  /** Letters, of text. */
  max: number | undefined
  pattern: string | undefined
  choices: string[]
}

/** What stands in the form. A secret that was not touched is `undefined`; one that is to go is null. */
export type Values = Record<string, string | boolean | null | undefined>

/** What a secret of an endpoint is shown as. */
export const HIDDEN = '***'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The type of a property, also where it may be null besides. */
function typeOf(property: Record<string, unknown>): string {
  if (typeof property['type'] === 'string') return property['type']
  const types = Array.isArray(property['type']) ? property['type'].filter((type) => type !== 'null') : []
  return types.length === 1 ? text(types[0]) : ''
}

function kindOf(property: Record<string, unknown>): Field['kind'] | undefined {
  if (property['writeOnly'] === true) return 'secret'
  if (Array.isArray(property['enum'])) return 'choice'
  switch (typeOf(property)) {
    case 'string':
      return property['format'] === 'uri' ? 'url' : 'text'
    case 'boolean':
      return 'switch'
    case 'integer':
    case 'number':
      return 'number'
    default:
      return undefined
  }
}

/** `app_id` → “App id”, for a setting without a title. */
const spoken = (name: string): string => {
  const words = name.replaceAll(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The fields of a form in the order of the schema, what is required first. Nothing of what is no schema of an object. */
export function fieldsOf(schema: Record<string, unknown>): Field[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = new Set(Array.isArray(schema['required']) ? schema['required'].map(text) : [])
  const fields = Object.entries(properties).flatMap(([name, property]): Field[] => {
    if (!isObject(property)) return []
    const kind = kindOf(property)
    if (!kind) return []
    const { maxLength, pattern } = property
    return [
      {
        name,
        label: text(property['title']) || spoken(name),
        hint: text(property['description']),
        kind,
        required: required.has(name),
        max: typeof maxLength === 'number' ? maxLength : undefined,
        pattern: typeof pattern === 'string' ? pattern : undefined,
        choices: Array.isArray(property['enum']) ? property['enum'].filter((one) => typeof one === 'string') : [],
      },
    ]
  })
  return fields.sort((a, b) => Number(b.required) - Number(a.required))
}

/** How many fields are in view at once; of more, those that can be left out are a click away. */
const inView = 4

/** What is shown at once: all that is required, and the first of the rest, which are the ways in that a provider is known for. */
export function split(fields: Field[]): { shown: Field[]; folded: Field[] } {
  const optional = fields.filter(({ required }) => !required)
  const room = Math.max(0, inView - (fields.length - optional.length))
  const folded = optional.length > room + 1 ? optional.slice(room) : []
  return { shown: fields.filter((field) => !folded.includes(field)), folded }
}

/** What the form starts with. */
export function valuesOf(fields: Field[], config: Record<string, unknown> | null): Values {
  return Object.fromEntries(
    fields.map(({ name, kind }) => {
      const value = config?.[name]
      if (kind === 'switch') return [name, value === true]
      if (kind === 'secret') return [name, undefined]
      return [name, value === undefined || value === null ? '' : String(value)]
    }),
  )
}

/** Whether there is a secret in the field already, which nobody sees. */
export const isKept = (field: Field, config: Record<string, unknown> | null): boolean =>
  field.kind === 'secret' && config?.[field.name] === HIDDEN

/** The settings of a new endpoint: what was filled in. */
export function newConfig(fields: Field[], values: Values): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = sent(field, values[field.name])
      return value === undefined || value === null || value === false ? [] : [[field.name, value]]
    }),
  )
}

/** What was changed, and null for what was emptied; what was left alone is not named, and so stays as it is on the server. */
export function changedConfig(
  fields: Field[],
  values: Values,
  config: Record<string, unknown> | null,
): Record<string, unknown> {
  const before = valuesOf(fields, config)
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = values[field.name]
      return value === before[field.name] ? [] : [[field.name, sent(field, value) ?? null]]
    }),
  )
}

/** A value as the server takes it; undefined for none, null for one that is to go. */
function sent(field: Field, value: Values[string]): unknown {
  if (typeof value !== 'string') return value
  const trimmed = value.trim()
  if (trimmed === '') return undefined
  return field.kind === 'number' ? Number(trimmed) : trimmed
}
