import { decodeBlockBody, decodeValue } from '../codec/block.js'
import type { FetchReply, FetchRequest } from '../codec/frame.js'
import { decodeBatch, isRefused } from '../codec/transaction.js'
import type { ReplicaCore } from '../consensus/index.js'
import {
  type Batch,
  type BlockRecord,
  type FinalityCertificate,
  LIMITS,
  type SealedHeader,
  type Value,
} from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { Chain } from './chain.js'
import type { ReplicaContext } from './context.js'
import type { Ingress } from './ingress.js'

/** Bytes of a record beside its body, for the bound of an answer. */
const RECORD_OVERHEAD_BYTES = 1_024

/** Answers a pull with what is at hand, cut at a bound: what is left out is asked for again. */
export function answerFetch(
  request: FetchRequest,
  store: BatchStore,
  core: Pick<ReplicaCore, 'value'>,
  chain: Pick<Chain, 'records'>,
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
  const blocks = answerBlocks(request, chain, fits)
  return batches.length + values.length + blocks.length === 0 ? undefined : { batches, values, blocks }
}

function answerBlocks(
  { fromHeight, toHeight }: FetchRequest,
  chain: Pick<Chain, 'records'>,
  fits: (size: number) => boolean,
): readonly BlockRecord[] {
  if (fromHeight === 0 || toHeight < fromHeight) return []
  // Blocks that only a certificate above covers are given together with those up to it.
  const last = fromHeight + LIMITS.fetchBlocksMax - 1
  const within = ({ sealed }: BlockRecord): boolean => sealed.header.height <= last
  return chain.records(
    fromHeight,
    Math.min(toHeight, last),
    (record) => within(record) && fits(record.body.length + record.sealed.bytes.length + RECORD_OVERHEAD_BYTES),
  )
}

/** A block of a peer whose parts hang together; whether it is final is still to be checked. */
export interface CarriedBlock {
  readonly sealed: SealedHeader
  readonly value: Value
  readonly batches: readonly Batch[]
  /** Its own, unchecked. */
  readonly certificate?: FinalityCertificate
}

/** Blocks that lead up to a certificate. */
export interface CarriedSegment {
  readonly blocks: readonly CarriedBlock[]
  readonly certificate: FinalityCertificate
}

export interface CarriedRun {
  readonly segments: readonly CarriedSegment[]
}

/** Checks blocks of a peer, and cuts them at certificates: one for each window, so that not every certificate need be checked. */
export function openRecords(context: ReplicaContext, ingress: Ingress, records: readonly BlockRecord[]): CarriedRun {
  return { segments: cutAtCertificates(openChain(context, ingress, records), context.genesis.parameters.window) }
}

/** Blocks that follow one another and name their values and batches, up to the first that does not. */
function openChain(
  context: ReplicaContext,
  ingress: Ingress,
  records: readonly BlockRecord[],
): readonly CarriedBlock[] {
  const blocks: CarriedBlock[] = []
  for (const record of records) {
    const below = blocks.at(-1)?.sealed
    if (below !== undefined && record.sealed.header.previous !== below.hash) {
      ingress.reject('bad-block')
      break
    }
    const block = openBody(context, ingress, record)
    if (block === undefined) break
    blocks.push(block)
  }
  return blocks
}

/** The last certificate of each window of blocks, and of each view. */
function cutAtCertificates(all: readonly CarriedBlock[], window: number): readonly CarriedSegment[] {
  const segments: CarriedSegment[] = []
  let start = 0
  for (const [i, { certificate }] of all.entries()) {
    if (certificate === undefined) continue
    const next = all.slice(i + 1, start + window).findLast((later) => later.certificate !== undefined)
    if (next?.certificate?.view === certificate.view) continue
    segments.push({ blocks: all.slice(start, i + 1), certificate })
    start = i + 1
  }
  return segments
}

/** Checks what a header says of its value: it names the batches. */
export function openBody(context: ReplicaContext, ingress: Ingress, record: BlockRecord): CarriedBlock | undefined {
  const { sealed, certificate } = record
  const body = decodeBlockBody(record.body)
  const value = body === undefined ? undefined : decodeValue(context.sha256, body.value)
  if (body === undefined || value === undefined || value.digest !== sealed.header.value)
    return ingress.reject('bad-block')
  const isOwn = certificate === undefined || isCertificateOf(certificate, sealed)
  if (!isOwn) return ingress.reject('bad-block')
  const batches: Batch[] = []
  for (const bytes of body.batches) {
    const carried = decodeBatch(context, bytes)
    if (isRefused(carried)) return ingress.reject('bad-block')
    batches.push(carried.batch)
  }
  if (batches.map(({ digest }) => digest).join() !== value.batches.join()) return ingress.reject('bad-block')
  return { sealed, value, batches, ...(certificate === undefined ? {} : { certificate }) }
}

/** Whether the certificate is this header's own. */
export const isCertificateOf = (certificate: FinalityCertificate, { header, hash }: SealedHeader): boolean =>
  certificate.cid === header.height && certificate.header === hash && certificate.digest === header.value
