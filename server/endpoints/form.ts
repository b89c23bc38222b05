import { z } from 'zod'
import { parseUrl } from '../http/guarded'

/* The fields of a provider's settings: each becomes a field of a form, and of the JSON Schema that the form is made from. */

export const field = (title: string, max = 500) => z.string().trim().min(1).max(max).meta({ title })
/** Sealed when it is stored, `***` when it is read. */
export const secretField = (title: string, max = 500) => field(title, max).meta({ title, writeOnly: true })

const isUrl = (text: string): boolean => {
  try {
    parseUrl(text)
    return true
  } catch {
    // Whatever is wrong with it, it is the field that is wrong.
    return false
  }
}
export const urlField = (title: string) =>
  field(title, 2000).refine(isUrl, 'must be an http:// or https:// address').meta({ title, format: 'uri' })
/** An address that is a credential, as those of most chat systems are. */
export const secretUrlField = (title: string) =>
  field(title, 2000)
    .refine(isUrl, 'must be an http:// or https:// address')
    .meta({ title, format: 'uri', writeOnly: true })

interface Fields {
  secrets: ReadonlySet<string>
  addresses: ReadonlySet<string>
}
const known = new WeakMap<z.ZodType, Fields>()

const Schema = z.object({
  properties: z
    .record(z.string(), z.object({ writeOnly: z.boolean().optional(), format: z.string().optional() }))
    .default({}),
})

function fieldsOf(form: z.ZodObject): Fields {
  let fields = known.get(form)
  if (!fields) {
    const properties = Object.entries(Schema.parse(schemaOf(form)).properties)
    fields = {
      secrets: new Set(properties.flatMap(([name, { writeOnly }]) => (writeOnly ? [name] : []))),
      addresses: new Set(
        properties.flatMap(([name, { writeOnly, format }]) => (format === 'uri' && !writeOnly ? [name] : [])),
      ),
    }
    known.set(form, fields)
  }
  return fields
}

/** The fields of a form that are secrets. */
export const secretsOf = (form: z.ZodObject): ReadonlySet<string> => fieldsOf(form).secrets

/** The fields of a form that say where things are sent to, and are no secrets themselves. */
export const addressesOf = (form: z.ZodObject): ReadonlySet<string> => fieldsOf(form).addresses

export const schemaOf = (form: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(form, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' })
