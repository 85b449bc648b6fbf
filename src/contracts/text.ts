import { toHex, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Digest } from '../types/index.js'

/** `TextEncoder.encode` costs ten times what writing into memory that is there already does, and receipts are many and short. */
const encoder = new TextEncoder()
const CHUNK_BYTES = 65_536

/** Encodes the texts of one block into shared chunks of memory; each chunk lives as long as any of its texts. */
export class TextSink {
  #chunk = new Uint8Array(0)
  #at = 0

  /** UTF-8 of a text. */
  bytes(text: string): Uint8Array {
    const most = text.length * 3
    if (most > CHUNK_BYTES / 4) return utf8(text)
    if (this.#at + most > this.#chunk.length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES)
      this.#at = 0
    }
    const { written } = encoder.encodeInto(text, this.#chunk.subarray(this.#at))
    const bytes = this.#chunk.subarray(this.#at, this.#at + written)
    this.#at += written
    return bytes
  }
}

const scratch = new Uint8Array(16_384)

/** SHA-256 of the UTF-8 bytes of a text, hexadecimal. */
export function hashText(crypto: CryptoSuite, text: string): Digest {
  if (text.length * 3 > scratch.length) return toHex(crypto.sha256(utf8(text)))
  const { written } = encoder.encodeInto(text, scratch)
  return toHex(crypto.sha256(scratch.subarray(0, written)))
}
