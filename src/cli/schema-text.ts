/** The part of JSON Schema that contracts declare their arguments in. */
interface Schema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
}

/** Arguments as rows: name, whether it may be left out, what it is. */
export function argumentRows(args: Readonly<Record<string, unknown>>): readonly (readonly string[])[] {
  const { properties = {}, required = [] } = args as Schema
  return Object.entries(properties).map(([name, schema]) => [
    required.includes(name) ? name : `${name}?`,
    schema.description === undefined ? words(schema) : `${words(schema)}; ${schema.description}`,
  ])
}

function words(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(words).join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  switch (schema.type) {
    case 'string':
      return textWords(schema)
    case 'integer':
      return `integer${range(schema.minimum, schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum)}`
    case 'array':
      return `list of ${words(schema.items ?? {})}, ${range(schema.minItems, schema.maxItems).trim()}`
    case 'object':
      return `object { ${Object.entries(schema.properties ?? {})
        .map(
          ([name, property]) => `${schema.required?.includes(name) === true ? name : `${name}?`}: ${words(property)}`,
        )
        .join(', ')} }`
    default:
      return schema.type ?? 'anything'
  }
}

function textWords({ minLength = 0, maxLength, pattern }: Schema): string {
  const length = minLength === maxLength ? `text of ${maxLength} characters` : `text${range(minLength, maxLength)}`
  return pattern === undefined ? length : `${length}, ${pattern}`
}

function range(min = 0, max: number | undefined): string {
  return max === undefined ? ` from ${min}` : ` ${min}..${max}`
}
