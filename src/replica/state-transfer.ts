import { decodeBlockBody, decodeValue } from '../codec/block.js'
import type { FetchReply, FetchRequest } from '../codec/frame.js'
import { decodeBatch, isRefused } from '../codec/transaction.js'
import type { ReplicaCore } from '../consensus/index.js'
import type { Ledger } from '../ports.js'
import { type Batch, type BlockRecord, type FinalityCertificate, LIMITS, type Verified } from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'
import type { Decided } from './executor.js'
import type { Ingress } from './ingress.js'

/** Answers a pull with what is at hand, cut at a bound: what is left out is asked for again. */
export function answerFetch(
  request: FetchRequest,
  store: BatchStore,
  core: Pick<ReplicaCore, 'value'>,
  ledger: Ledger,
): FetchReply | undefined {
  let bytes = 0
  const fits = (size: number): boolean => {
    bytes += size
    return bytes <= LIMITS.fetchReplyBytesMax
  }
  const batches: Uint8Array[] = []
  for (const digest of request.batches) {
    const batch = store.get(digest)
    if (batch !== undefined && fits(batch.bytes.length)) batches.push(batch.bytes)
  }
  const values: Uint8Array[] = []
  for (const digest of request.values) {
    const value = core.value(digest)
    if (value !== undefined && fits(value.bytes.length)) values.push(value.bytes)
  }
  const blocks: BlockRecord[] = []
  const last = Math.min(request.toHeight, request.fromHeight + LIMITS.fetchBlocksMax - 1, ledger.finalized().height)
  for (let height = request.fromHeight; height > 0 && height <= last; height++) {
    const record = ledger.record(height)
    if (record?.finality === undefined || !fits(record.body.length + record.sealed.bytes.length + 512)) break
    blocks.push(record)
  }
  if (batches.length + values.length + blocks.length === 0) return undefined
  return { batches, values, blocks }
}

/** A block of a peer whose parts hang together; its certificates are still to be checked. */
export interface CarriedBlock {
  readonly decided: Decided
  readonly headerHash: string
  readonly finality: FinalityCertificate
}

/** A block of a peer that a quorum holds; what remains is to execute it. */
export interface CertifiedBlock extends CarriedBlock {
  readonly certificate: Verified<FinalityCertificate>
}

/** Checks that the header of a peer's block names the value, and the value the batches. */
export function openRecord(context: ReplicaContext, ingress: Ingress, record: BlockRecord): CarriedBlock | undefined {
  const { sealed, finality } = record
  if (finality === undefined || finality.cid !== sealed.header.height || finality.digest !== sealed.hash) {
    return ingress.reject('bad-block')
  }
  const decided = openBody(context, ingress, record)
  return decided && { decided, headerHash: sealed.hash, finality }
}

/** Checks what a header says of its value: it names the batches. Header and decision are the caller's to check. */
export function openBody(context: ReplicaContext, ingress: Ingress, record: BlockRecord): Decided | undefined {
  const { sealed, decision, finality } = record
  const { height } = sealed.header
  const body = decodeBlockBody(record.body)
  const value = body === undefined ? undefined : decodeValue(context.sha256, body.value)
  if (body === undefined || value === undefined || value.digest !== sealed.header.value)
    return ingress.reject('bad-block')
  const batches: Batch[] = []
  for (const bytes of body.batches) {
    const carried = decodeBatch(context, bytes)
    if (isRefused(carried)) return ingress.reject('bad-block')
    batches.push(carried.batch)
  }
  if (batches.map(({ digest }) => digest).join() !== value.batches.join()) return ingress.reject('bad-block')
  if (decision.cid !== height || decision.digest !== value.digest) return ingress.reject('bad-block')
  return { height, value, batches, decision, ...(finality === undefined ? {} : { finality }) }
}

/**
 * Checks that a quorum decided and holds the block. Called when the block below is executed, since only then is it known whose
 * votes count. The transactions need no check of their own: a quorum that executed them vouches for them.
 */
export function certify(ingress: Ingress, block: CarriedBlock): CertifiedBlock | undefined {
  const certificate = ingress.finality(block.finality)
  if (certificate === undefined || !ingress.isDecision(block.decided.decision)) return undefined
  return { ...block, certificate }
}
