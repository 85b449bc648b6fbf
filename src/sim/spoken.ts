import { decodeEnvelope } from '../codec/consensus.js'
import { decodeFrame } from '../codec/frame.js'
import type { CodecContext } from '../codec/transaction.js'
import type { Signed } from '../types/index.js'
import type { Address } from './network.js'

export type SpokenListener = (from: Address, signed: Signed) => void

/** Every consensus message that a machine lets out, told once however many peers it goes to. */
export class Spoken {
  readonly codec: CodecContext
  readonly #listeners: SpokenListener[] = []
  #last: Uint8Array | undefined

  constructor(codec: CodecContext) {
    this.codec = codec
  }

  listen(listener: SpokenListener): void {
    this.#listeners.push(listener)
  }

  heard(from: Address, frame: Uint8Array): void {
    if (frame === this.#last) return
    this.#last = frame
    const decoded = decodeFrame(this.codec.sha256, frame)
    if (decoded?.kind !== 'envelope') return
    const signed = decodeEnvelope(this.codec, decoded.bytes)?.signed
    if (signed === undefined) return
    for (const listener of this.#listeners) listener(from, signed)
  }
}
