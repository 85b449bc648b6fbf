import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { decodeReceipt } from '../codec/block.js'
import { MerkleTree } from '../crypto/merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import {
  type BlockRecord,
  type Digest,
  type FinalityCertificate,
  type Height,
  LIMITS,
  type SealedHeader,
} from '../types/index.js'
import { type BlockStore, missing } from './block-store.js'
import { isCertificateOf } from './check-run.js'

export type ProblemCode =
  /** A row that is missing, malformed, or fails its checksum. */
  | 'ledger/corrupt'
  /** A header that does not continue the one below it. */
  | 'ledger/broken-link'
  /** Receipts that are not those under the header's receipt root. */
  | 'ledger/wrong-receipts'
  /** A transaction index that does not point where the transaction is. */
  | 'ledger/wrong-index'
  /** A body that the header does not follow from. */
  | 'ledger/wrong-body'
  /** A certificate that is not for this block, or does not hold; or a height that none covers. */
  | 'ledger/wrong-certificate'
  /** A state, or state tree, that is not the one under the tip's state root. */
  | 'ledger/wrong-state'

export interface Problem {
  readonly code: ProblemCode
  readonly height?: Height
  readonly detail: string
}

export interface BlockCheck {
  /** Absent when the header cannot be read. */
  readonly sealed: SealedHeader | undefined
  /** Absent for genesis, and when a row cannot be read. */
  readonly record: BlockRecord | undefined
  /** Its own, where it has one that is for this header. */
  readonly certificate: FinalityCertificate | undefined
  readonly problems: readonly Problem[]
}

/**
 * Checks all rows of one block against its header, and the header against the hash of the one below it
 * (`undefined`: unknown, not checked).
 * @param pruned only the header is due, with the certificate where there is one
 */
export function checkBlock(
  store: BlockStore,
  sha256: CryptoSuite['sha256'],
  height: Height,
  previous: Digest | undefined,
  pruned = false,
): BlockCheck {
  const problems: Problem[] = []
  const report = (code: ProblemCode, detail: string) => problems.push({ code, height, detail })

  /** Reads a row; damage and, where the row is due, absence become a problem. */
  function read<T>(space: 'header' | 'body' | 'receipts' | 'certificate', row: () => T | undefined) {
    try {
      const value = row()
      if (value === undefined && space !== 'certificate') throw missing(space, height)
      return value
    } catch (error) {
      if (!(error instanceof EtalonError)) throw error
      report('ledger/corrupt', error.message)
      return undefined
    }
  }

  const sealed = read('header', () => store.header(height))
  if (sealed === undefined) return { sealed, record: undefined, certificate: undefined, problems }
  const { header } = sealed
  if (header.height !== height) report('ledger/broken-link', `the header names height ${header.height}`)
  if (previous !== undefined && header.previous !== previous) {
    report('ledger/broken-link', `the header names ${header.previous} as the one below, which has hash ${previous}`)
  }
  if (height === 0) return { sealed, record: undefined, certificate: undefined, problems }

  const carried = read('certificate', () => store.certificate(height))
  const isOwn = carried !== undefined && isCertificateOf(carried, sealed)
  if (carried !== undefined && !isOwn) {
    report('ledger/wrong-certificate', 'the certificate is for another header, value or height')
  }
  const certificate = isOwn ? carried : undefined
  if (pruned) return { sealed, record: undefined, certificate, problems }
  const body = read('body', () => store.body(height))
  const receipts = read('receipts', () => store.receipts(height))
  if (receipts !== undefined) problems.push(...checkReceipts(store, sha256, sealed, receipts))
  if (body === undefined) return { sealed, record: undefined, certificate, problems }
  const record = { sealed, body, ...(certificate === undefined ? {} : { certificate }) }
  return { sealed, record, certificate, problems }
}

/**
 * Whether a certificate proves a height: its own, or one at most a window above. The tip needs its own, and so does the last height of a
 * view, since nothing but its header names the next.
 * @param last height of the tip
 */
export function isCovered(store: BlockStore, height: Height, last: Height): boolean {
  for (let at = height; at <= Math.min(last, height + LIMITS.windowMax); at++) {
    if (store.certificate(at) !== undefined) return true
    if (at > 0 && endsView(store.header(at - 1), store.header(at))) return false
  }
  return false
}

/** Whether a header is the last of its view, given the one below; not known where one of them is not here. */
export function endsView(below: SealedHeader | undefined, sealed: SealedHeader | undefined): boolean {
  return below !== undefined && sealed !== undefined && below.header.view !== sealed.header.view
}

function* checkReceipts(
  store: BlockStore,
  sha256: CryptoSuite['sha256'],
  { header }: SealedHeader,
  receipts: readonly Uint8Array[],
): Generator<Problem> {
  const { height } = header
  if (receipts.length !== header.transactions) {
    const detail = `${receipts.length} receipts for ${header.transactions} transactions`
    yield { code: 'ledger/wrong-receipts', height, detail }
  }
  const root = toHex(MerkleTree.ofData(sha256, receipts).root)
  if (root !== header.receiptRoot) {
    const detail = `the receipts have root ${root}, the header names ${header.receiptRoot}`
    yield { code: 'ledger/wrong-receipts', height, detail }
  }
  for (const [index, bytes] of receipts.entries()) {
    const receipt = decodeReceipt(bytes)
    if (receipt === undefined) {
      yield { code: 'ledger/wrong-receipts', height, detail: `receipt ${index} is malformed` }
      continue
    }
    const detail = indexProblem(store, receipt.transaction, height, index)
    if (detail !== undefined) yield { code: 'ledger/wrong-index', height, detail }
  }
}

function indexProblem(store: BlockStore, transaction: Digest, height: Height, index: number): string | undefined {
  try {
    const location = store.location(transaction)
    if (location === undefined) return `transaction ${transaction} is not in the index`
    if (location.height === height && location.index === index) return undefined
    return `the index has transaction ${transaction} at height ${location.height}, position ${location.index}`
  } catch (error) {
    if (!(error instanceof EtalonError)) throw error
    return error.message
  }
}
