import { fromUtf8 } from '../base/bytes.js'
import { formatProvenReceipt, type ProvenReceipt } from '../codec/proven-receipt.js'
import type { Digest, Height } from '../types/index.js'

/** A receipt that was checked against the genesis document. */
export type VerifiedReceipt<R = unknown> = ReceiptFacts &
  (
    | { readonly status: 'done' /** Parsed JSON. */; readonly result: R }
    | { readonly status: 'refused'; readonly result: null }
  )

interface ReceiptFacts {
  readonly transaction: Digest
  readonly height: Height
  readonly timeMs: number
  /** Stable refusal code; empty when done. */
  readonly code: string
  readonly detail: string
  readonly events: readonly { readonly name: string; readonly data: unknown }[]
  readonly proven: ProvenReceipt
  /** The receipt as a file that anyone can verify with the genesis document. */
  readonly file: string
}

/** @param proven a receipt whose proof was checked */
export function verifiedReceipt(networkId: Uint8Array, proven: ProvenReceipt): VerifiedReceipt {
  const { receipt, sealed } = proven
  const outcome =
    receipt.status === 'refused'
      ? { status: receipt.status, result: null }
      : { status: receipt.status, result: readJson(receipt.result) }
  return {
    ...outcome,
    transaction: receipt.transaction,
    height: sealed.header.height,
    timeMs: sealed.header.timeMs,
    code: receipt.code,
    detail: receipt.detail,
    events: receipt.events.map(({ name, data }) => ({ name, data: readJson(data) })),
    proven,
    file: formatProvenReceipt(networkId, proven),
  }
}

const readJson = (bytes: Uint8Array): unknown => JSON.parse(fromUtf8(bytes) ?? 'null')
