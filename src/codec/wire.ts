import './protobuf.js'
import { etalon } from './generated/wire.js'

export { etalon as wire }

interface Decoder<T> {
  decode(reader: Uint8Array): T
}

interface Encoder<P> {
  encode(message: P): { finish(): Uint8Array }
}

/** Decodes a protobuf message; `undefined` when the bytes are malformed. Byte fields are views of the input. */
export function decodeWire<T>(type: Decoder<T>, bytes: Uint8Array): T | undefined {
  try {
    return type.decode(bytes)
  } catch {
    return undefined
  }
}

export function encodeWire<P>(type: Encoder<P>, message: P): Uint8Array {
  return type.encode(message).finish()
}
