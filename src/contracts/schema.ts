import type { TSchema } from 'typebox'
import { assert } from '../base/assert.js'
import type { Json } from './contract.js'

/**
 * The part of JSON Schema that arguments may be declared in, and the words for a value that does not fit. TypeBox's compiled
 * check gives the verdict; the words are our own because a refusal's text is part of the receipt, on which all
 * replicas must agree whatever version of TypeBox they carry.
 */
interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
}

/** Keywords with plain values that decide what fits. */
const RULE_KEYS: ReadonlySet<string> = new Set([
  'type',
  'required',
  'additionalProperties',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'const',
])

/** A schema as plain JSON, for documents and hashes. */
export function plainSchema(schema: TSchema): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
}

/** The rules of a schema without its texts for people. */
export function rulesOf(schema: TSchema): Json {
  return rules(plainSchema(schema) as Schema)
}

function rules(schema: Schema): Json {
  const { properties, items, anyOf, ...rest } = schema
  const own = Object.entries(rest).filter(([key]) => RULE_KEYS.has(key))
  return {
    ...(Object.fromEntries(own) as Record<string, Json>),
    ...(items === undefined ? {} : { items: rules(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(rules) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, it]) => [name, rules(it)])) }),
  }
}

/** Refuses, as a bug of the contract, a schema with anything unbounded or outside of the supported part. */
export function assertBounded(schema: TSchema, where: string): void {
  bounded(schema as Schema, where)
}

function bounded(schema: Schema, where: string): void {
  if (schema.anyOf !== undefined) {
    for (const option of schema.anyOf) bounded(option, where)
    return
  }
  if (schema.const !== undefined) return
  switch (schema.type) {
    case 'boolean':
      break
    case 'string':
      assert(schema.maxLength !== undefined, `${where}: a text without maxLength`)
      break
    case 'integer': {
      const hasBounds = Number.isSafeInteger(schema.minimum) && Number.isSafeInteger(schema.maximum)
      assert(hasBounds, `${where}: an integer without minimum and maximum`)
      break
    }
    case 'array':
      assert(schema.maxItems !== undefined && schema.items !== undefined, `${where}: a list without maxItems`)
      bounded(schema.items, `${where}[]`)
      break
    case 'object':
      assert(schema.additionalProperties === false, `${where}: an object that takes additional properties`)
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        // TypeBox looks for members with `in`, which also finds what every object inherits
        assert(!(name in Object.prototype), `${where}: a property that every object inherits, ${name}`)
        bounded(property, `${where}.${name}`)
      }
      break
    default:
      assert(false, `${where}: a schema of a kind that arguments do not have`)
  }
}

/** The first thing wrong with a value, with its place and what was expected; `undefined` when it fits. */
export function explain(schema: TSchema, value: unknown): string | undefined {
  return mismatch(schema as Schema, value, '')
}

function mismatch(schema: Schema, value: unknown, path: string): string | undefined {
  if (schema.anyOf !== undefined) {
    if (schema.anyOf.some((option) => mismatch(option, value, path) === undefined)) return undefined
    return expected(path, schema)
  }
  if (schema.const !== undefined) return value === schema.const ? undefined : expected(path, schema)
  switch (schema.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : expected(path, schema)
    case 'string':
      return fitsText(schema, value) ? undefined : expected(path, schema)
    case 'integer':
      return fitsInteger(schema, value) ? undefined : expected(path, schema)
    case 'array':
      return listMismatch(schema, value, path)
    default:
      return objectMismatch(schema, value, path)
  }
}

function fitsText(schema: Schema, value: unknown): boolean {
  if (typeof value !== 'string') return false
  const length = codePoints(value)
  if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? 0)) return false
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(value)
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

function fitsInteger(schema: Schema, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value >= (schema.minimum ?? 0) && value <= (schema.maximum ?? 0)
}

function listMismatch(schema: Schema, value: unknown, path: string): string | undefined {
  if (!Array.isArray(value) || value.length > (schema.maxItems ?? 0) || value.length < (schema.minItems ?? 0)) {
    return expected(path, schema)
  }
  for (let i = 0; i < value.length; i++) {
    const problem = mismatch(schema.items ?? {}, value[i], `${path}[${i}]`)
    if (problem !== undefined) return problem
  }
  return undefined
}

function objectMismatch(schema: Schema, value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return expected(path, schema)
  const properties = schema.properties ?? {}
  const place = (name: string) => (path === '' ? name : `${path}.${name}`)
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) return `${place(name)} is missing: ${expectation(properties[name] ?? {})}`
  }
  for (const [name, member] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property === undefined) {
      return `${place(shown(name))} is not an argument; there are: ${Object.keys(properties).join(', ') || 'none'}`
    }
    const problem = mismatch(property, member, place(name))
    if (problem !== undefined) return problem
  }
  return undefined
}

const expected = (path: string, schema: Schema): string =>
  `${path === '' ? 'the arguments' : path}: expected ${expectation(schema)}`

function expectation(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(expectation).join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  switch (schema.type) {
    case 'string': {
      const pattern = schema.pattern === undefined ? '' : ` that matches ${schema.pattern}`
      return `a text of ${schema.minLength ?? 0} to ${schema.maxLength} characters${pattern}`
    }
    case 'integer':
      return `an integer from ${schema.minimum} to ${schema.maximum}`
    case 'array':
      return `a list of ${schema.minItems ?? 0} to ${schema.maxItems} entries`
    case 'object':
      return 'an object'
    default:
      return `a ${schema.type}`
  }
}

/** A name from outside as it may stand in a refusal's text: short and harmless. */
export function shown(name: string): string {
  return /^[\w./:-]{1,68}$/.test(name) ? name : '(a name that is not shown)'
}
