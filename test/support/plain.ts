import { toHex } from '../../src/base/bytes.js'

/** The same value with its bytes as hexadecimal text: decoded bytes are buffers, those of the inputs are not. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${toHex(value)}`
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]))
}
