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

/** A block of a peer whose certificate and content hang together; what remains is to execute it. */
export interface CertifiedBlock {
  readonly decided: Decided
  readonly headerHash: string
  readonly certificate: Verified<FinalityCertificate>
}

/**
 * Checks a block of a peer: a quorum certified the header, the header names the value, a quorum decided the value, and the
 * value names the batches. The transactions need no check of their own: a quorum that executed them vouches for them.
 */
export function openRecord(context: ReplicaContext, ingress: Ingress, record: BlockRecord): CertifiedBlock | undefined {
  const { sealed, finality } = record
  if (finality === undefined || finality.cid !== sealed.header.height || finality.digest !== sealed.hash) {
    return ingress.reject('bad-block')
  }
  const certificate = ingress.finality(finality)
  if (certificate === undefined) return undefined
  const decided = openBody(context, ingress, record)
  return decided && { decided, headerHash: sealed.hash, certificate }
}

/** Checks what a header says of its value: a quorum decided it, and it names the batches. The header is the caller's to check. */
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
  if (!ingress.isDecision(decision)) return undefined
  return { height, value, batches, decision, ...(finality === undefined ? {} : { finality }) }
}
