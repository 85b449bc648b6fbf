import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, utf8 } from '../../src/base/bytes.js'
import { compareUtf8, encodeCanonical, JSON_DEPTH_MAX, NotCanonical } from '../../src/contracts/canonical.js'
import type { Json } from '../../src/contracts/index.js'

const text = fc.string({ unit: 'binary' })
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((it) => it + 0),
    text,
    fc.array(tie('value')),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value

/** The same value with the keys of every object in another order. */
function shuffled(it: Json): Json {
  if (Array.isArray(it)) return it.map(shuffled)
  if (typeof it !== 'object' || it === null) return it
  return Object.fromEntries(
    Object.entries(it)
      .reverse()
      .map(([key, member]) => [key, shuffled(member as Json)]),
  )
}

describe('canonical JSON', () => {
  it('reads back as the same value', () => {
    fc.assert(fc.property(value, (it) => void expect(JSON.parse(encodeCanonical(it))).toEqual(it)))
  })

  it('does not depend on the order in which keys were written', () => {
    fc.assert(fc.property(value, (it) => void expect(encodeCanonical(shuffled(it))).toBe(encodeCanonical(it))))
  })

  it('is a fixed point', () => {
    fc.assert(
      fc.property(value, (it) => {
        const once = encodeCanonical(it)
        expect(encodeCanonical(JSON.parse(once) as Json)).toBe(once)
      }),
    )
  })

  it('writes texts as JSON.stringify does', () => {
    fc.assert(fc.property(text, (it) => void expect(encodeCanonical(it)).toBe(JSON.stringify(it))))
  })

  it('sorts keys by UTF-16 code units, integer-like ones too, and puts no white space', () => {
    expect(encodeCanonical({ b: [1, { z: true, a: null }], a: 'x', '10': 0, '9': 0, é: 0 })).toBe(
      '{"10":0,"9":0,"a":"x","b":[1,{"a":null,"z":true}],"é":0}',
    )
  })

  class Point {
    readonly x = 1
  }
  const deep = (levels: number): Json => (levels === 0 ? [] : [deep(levels - 1)])

  it.each<[string, unknown]>([
    ['a float', 0.5],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus zero', -0],
    ['an unsafe integer', 2 ** 53],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', new Array(1)],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a class instance', new Point()],
    ['a Map', new Map()],
    ['a Date', new Date(0)],
    ['bytes', new Uint8Array(2)],
    ['a promise', Promise.resolve(1)],
    ['half of a surrogate pair', '\ud800'],
    ['half of a surrogate pair in a key', { '\udc00': 1 }],
    ['a key __proto__', JSON.parse('{"__proto__":1}')],
    ['too many levels', deep(JSON_DEPTH_MAX)],
  ])('refuses %s', (_, it) => {
    expect(() => encodeCanonical(it as Json)).toThrow(NotCanonical)
    expect(() => encodeCanonical([it as Json])).toThrow(NotCanonical)
  })

  it('takes as many levels as it says', () => {
    expect(encodeCanonical(deep(JSON_DEPTH_MAX - 1))).toHaveLength(JSON_DEPTH_MAX * 2)
  })
})

describe('compareUtf8', () => {
  it('orders as the UTF-8 bytes do', () => {
    const sign = (x: number) => Math.sign(x)
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    })
    fc.assert(
      fc.property(key, key, (a, b) => void expect(sign(compareUtf8(a, b))).toBe(sign(compareBytes(utf8(a), utf8(b))))),
    )
  })
})
