import { fromBase64, fromHex, fromUtf8, toBase64, toHex } from '../base/bytes.js'
import type { Finality, Receipt, SealedHeader, ViewLink } from '../types/index.js'
import { decodeHeader, decodeReceipt } from './block.js'
import type { Sha256 } from './statements.js'
import {
  type FinalityDocument,
  finalityDocument,
  readFinalityDocument,
  readViewLink,
  type ViewLinkDocument,
  viewLinkDocument,
} from './view-links.js'

/** A receipt with all that is needed to check it against nothing but the genesis document. */
export interface ProvenReceipt {
  readonly receipt: Receipt
  /** The encoded receipt: the leaf of the block's receipt tree. */
  readonly receiptBytes: Uint8Array
  readonly index: number
  /** Audit path, from the leaf's sibling up. */
  readonly path: readonly Uint8Array[]
  readonly sealed: SealedHeader
  /** What proves that header. */
  readonly finality: Finality
  /** From the genesis to the view of the certificate; none for the first view. */
  readonly views?: readonly ViewLink[]
}

const FORMAT = 'etalon-receipt-1'

/**
 * The receipt as a file. What people read in it (status, time, result) is repeated from the encoded parts, and a reader
 * writes it anew and compares, so that no part of the file can differ from what is proven.
 */
export function formatProvenReceipt(networkId: Uint8Array, proven: ProvenReceipt): string {
  const { receipt, sealed, finality } = proven
  const document = {
    format: FORMAT,
    network: toHex(networkId),
    transaction: receipt.transaction,
    status: receipt.status,
    code: receipt.code,
    detail: receipt.detail,
    result: readable(receipt.result),
    events: receipt.events.map(({ name, data }) => ({ name, data: readable(data) })),
    height: sealed.header.height,
    time: new Date(sealed.header.timeMs).toISOString(),
    proof: {
      receipt: toBase64(proven.receiptBytes),
      index: proven.index,
      path: proven.path.map(toHex),
      header: toBase64(sealed.bytes),
      ...finalityDocument(finality),
      ...(proven.views === undefined ? {} : { views: proven.views.map(viewLinkDocument) }),
    },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function readable(json: Uint8Array): unknown {
  try {
    return json.length === 0 ? null : JSON.parse(fromUtf8(json) ?? '')
  } catch {
    return toBase64(json)
  }
}

/** Reads a receipt file back; `undefined` unless it is exactly what `formatProvenReceipt` writes for its content. */
export function parseProvenReceipt(sha256: Sha256, networkId: Uint8Array, text: string): ProvenReceipt | undefined {
  try {
    const proven = readDocument(sha256, JSON.parse(text))
    return proven !== undefined && formatProvenReceipt(networkId, proven) === text ? proven : undefined
  } catch {
    return undefined
  }
}

interface Document {
  readonly proof: FinalityDocument & {
    readonly receipt: string
    readonly index: number
    readonly path: readonly string[]
    readonly header: string
    readonly views?: readonly ViewLinkDocument[]
  }
}

/** The type is a hope: whatever else stands in the file fails one of these steps, or the comparison of the texts. */
function readDocument(sha256: Sha256, { proof }: Document): ProvenReceipt | undefined {
  const receiptBytes = fromBase64(proof.receipt)
  const receipt = receiptBytes && decodeReceipt(receiptBytes)
  const headerBytes = fromBase64(proof.header)
  const sealed = headerBytes && decodeHeader(sha256, headerBytes)
  if (receiptBytes === undefined || receipt === undefined || sealed === undefined) return undefined
  const path = proof.path.flatMap((hex) => fromHex(hex, 32) ?? [])
  const finality = readFinalityDocument(sha256, proof, sealed)
  if (finality === undefined) return undefined
  const proven = { receipt, receiptBytes, index: proof.index, path, sealed, finality }
  if (proof.views === undefined) return proven
  return { ...proven, views: proof.views.flatMap((link) => readViewLink(sha256, link) ?? []) }
}
