import fc from 'fast-check'
import { type TObject, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, it } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { utf8 } from '../../src/base/bytes.js'
import { ARGS_DEPTH_MAX, parseArguments } from '../../src/contracts/arguments.js'
import { assertBounded, explain, shown } from '../../src/contracts/schema.js'
import { LIMITS } from '../../src/types/index.js'

const problemOf = (text: string | Uint8Array): string => {
  const parsed = parseArguments(typeof text === 'string' ? utf8(text) : text)
  return 'problem' in parsed ? parsed.problem : ''
}

describe('parseArguments', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'not JSON'],
    ['text', 'hello', 'not JSON'],
    ['an open text', '{"a":"', 'not JSON'],
    ['an open escape', '{"a":"\\', 'not JSON'],
    ['a trailing comma', '{"a":1,}', 'not JSON'],
    ['something after the end', '{} {}', 'not JSON'],
    ['a byte order mark', '\ufeff{}', 'not JSON'],
    ['bad UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'not well-formed UTF-8'],
    ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'not well-formed UTF-8'],
    ['an escaped lone surrogate', '{"a":"\\ud800"}', 'half of a surrogate pair'],
    ['a float', '{"a":1.5}', 'not an integer'],
    ['minus zero', '{"a":-0}', 'minus zero'],
    ['an unsafe integer', '{"a":9007199254740993}', 'beyond 2^53'],
    ['a number that overflows', '{"a":1e999}', 'not an integer'],
    ['a key twice', '{"a":1,"b":2,"a":3}', 'key twice'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":3}', 'key twice'],
    ['a key twice further down', '{"a":[{"b":1,"b":1}]}', 'key twice'],
    ['__proto__', '{"__proto__":{"roles":["nmi"]}}', 'have the key __proto__'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'have the key __proto__'],
    ['constructor', '{"constructor":{"prototype":{}}}', 'have the key constructor'],
    ['too many levels', '['.repeat(ARGS_DEPTH_MAX + 1) + ']'.repeat(ARGS_DEPTH_MAX + 1), 'nested deeper'],
    ['forty thousand levels', '['.repeat(40_000), 'nested deeper'],
    ['too many bytes', `"${'x'.repeat(LIMITS.argsBytesMax)}"`, 'more than 49152 bytes'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemOf(text)).toContain(problem)
  })

  it.each([
    '{}',
    '{"a":"{\\"x\\":[:::"}',
    '{"a":"\\\\","b":"\\\\\\""}',
    '[[[[[[[[]]]]]]]]',
    '1e2',
    '{"a:b":"c:d"}',
    ' null ',
  ])('takes %s', (text) => {
    expect(parseArguments(utf8(text))).toEqual({ value: JSON.parse(text) })
  })

  it('never throws, and never pollutes a prototype', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json({ maxDepth: 10 }), fc.string({ unit: fc.constantFrom(...'{}[]":,\\1a ') })),
        (text) => {
          const parsed = parseArguments(utf8(text))
          if ('value' in parsed) expect(parsed.value).toEqual(JSON.parse(text))
        },
      ),
      { numRuns: 1000 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('gives frozen values: a handler cannot change what another run sees', () => {
    const parsed = parseArguments(utf8('{"a":[{"b":1}]}')) as { value: { a: { b: number }[] } }
    expect(Object.isFrozen(parsed.value)).toBe(true)
    expect(Object.isFrozen(parsed.value.a)).toBe(true)
    expect(Object.isFrozen(parsed.value.a[0])).toBe(true)
  })
})

const closed = { additionalProperties: false } as const
const SCHEMA = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 3, pattern: '^[a-zé😀]*$' }),
    count: Type.Optional(Type.Integer({ minimum: -2, maximum: 2 })),
    kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b'), Type.Literal(1)])),
    on: Type.Optional(Type.Boolean()),
    list: Type.Optional(
      Type.Array(Type.Object({ x: Type.Integer({ minimum: 0, maximum: 1 }) }, closed), { minItems: 1, maxItems: 2 }),
    ),
  },
  closed,
)

describe('explain', () => {
  const check = Compile(SCHEMA)
  const leaf = fc.constantFrom<unknown>(
    0,
    1,
    3,
    'a',
    'b',
    '',
    'abcd',
    'é😀',
    '😀😀😀',
    '9',
    true,
    null,
    {},
    [],
    { x: 0 },
    [{ x: 1 }],
    [{ x: 2 }],
  )
  const near = fc.record(
    { name: leaf, count: leaf, kind: leaf, on: leaf, list: leaf, extra: leaf },
    { requiredKeys: [], noNullPrototype: true },
  )

  it('agrees with the compiled check of TypeBox', () => {
    fc.assert(
      fc.property(fc.oneof(near, leaf), (value) => {
        expect(explain(SCHEMA, value) === undefined).toBe(check.Check(value))
      }),
      { numRuns: 3000 },
    )
  })

  it.each<[unknown, string]>([
    [7, 'the arguments: expected an object'],
    [{}, 'name is missing: a text of 1 to 3 characters that matches ^[a-zé😀]*$'],
    [{ name: 'a', count: 3 }, 'count: expected an integer from -2 to 2'],
    [{ name: 'a', kind: 'c' }, 'kind: expected "a" or "b" or 1'],
    [{ name: 'a', on: 1 }, 'on: expected a boolean'],
    [{ name: 'a', list: [] }, 'list: expected a list of 1 to 2 entries'],
    [{ name: 'a', list: [{ x: 0 }, { x: 2 }] }, 'list[1].x: expected an integer from 0 to 1'],
    [{ name: 'a', more: 1 }, 'more is not an argument; there are: name, count, kind, on, list'],
  ])('names the place and what was expected: %j', (value, words) => {
    expect(explain(SCHEMA, value)).toBe(words)
  })

  it('shows no name from outside that could do harm in a log', () => {
    expect(shown('pki.propose')).toBe('pki.propose')
    for (const name of ['', 'a\nb', '\u001b[31m', 'x'.repeat(69), '<script>']) expect(shown(name)).toMatch(/not shown/)
  })
})

describe('assertBounded', () => {
  it.each<[string, TObject]>([
    ['open objects', Type.Object({})],
    ['texts without a limit', Type.Object({ a: Type.String() }, closed)],
    ['integers without limits', Type.Object({ a: Type.Integer({ minimum: 0 }) }, closed)],
    ['integers with unsafe limits', Type.Object({ a: Type.Integer({ minimum: 0, maximum: 2 ** 60 }) }, closed)],
    ['lists without a limit', Type.Object({ a: Type.Array(Type.Boolean()) }, closed)],
    ['floats', Type.Object({ a: Type.Number({ minimum: 0, maximum: 1 }) }, closed)],
    ['anything', Type.Object({ a: Type.Unknown() }, closed)],
    ['names that every object inherits', Type.Object({ toString: Type.Boolean() }, closed)],
    ['unbounded options', Type.Object({ a: Type.Union([Type.Boolean(), Type.String()]) }, closed)],
  ])('refuses %s', (_, schema) => {
    expect(() => assertBounded(schema, 'test')).toThrow(AssertionFailed)
  })

  it('takes a bounded schema', () => {
    expect(() => assertBounded(SCHEMA, 'test')).not.toThrow()
  })
})
