import {
  type BlockRecord,
  type Certificate,
  type Digest,
  type FinalityCertificate,
  type Height,
  type HeldLane,
  LIMITS,
  type PeerStatus,
  type Silence,
} from '../types/index.js'
import { certificateFromWire, certificateToWire, finalityFromWire, recordFromWire, recordToWire } from './block.js'
import { isTreePath } from './snapshot.js'
import { digestBytes, isCount, type Sha256, toDigest } from './statements.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** Where a replica stands, with what its runtime adds. */
export interface Status extends PeerStatus {
  /** First height whose block it holds whole. */
  readonly oldest: Height
  /** Height of the newest snapshot that it serves; 0 where there is none. */
  readonly snapshot: Height
  /** Of `finalized`, for a replica that may only believe proofs; unchecked. */
  readonly finality?: FinalityCertificate
  /** A number to be sent back at once, which measures the round trip. */
  readonly ping?: number
}

export interface FetchRequest {
  readonly batches: readonly Digest[]
  readonly values: readonly Digest[]
  /** First and last height of the blocks that are asked for; none when 0. */
  readonly fromHeight: Height
  readonly toHeight: Height
}

export interface FetchReply {
  /** Encoded batches. */
  readonly batches: readonly Uint8Array[]
  /** Encoded values. */
  readonly values: readonly Uint8Array[]
  readonly blocks: readonly BlockRecord[]
}

export interface SnapshotRequest {
  /** Of the snapshot; 0: the newest. */
  readonly height: Height
  readonly manifest: boolean
  /** Paths of chunks. */
  readonly chunks: readonly string[]
  /** First and last height of the blocks that are asked for with their receipts; none when 0. */
  readonly fromHeight: Height
  readonly toHeight: Height
}

export interface SnapshotReply {
  readonly height: Height
  /** Encoded manifest; empty where there is none. */
  readonly manifest: Uint8Array
  /** Encoded chunks. */
  readonly chunks: readonly Uint8Array[]
  /** Encoded blocks with their receipts. */
  readonly blocks: readonly Uint8Array[]
}

/** What travels between two replicas. Envelopes and batches carry their own signatures; the rest rests on the transport's. */
export type Frame =
  | { readonly kind: 'envelope'; readonly bytes: Uint8Array }
  | { readonly kind: 'batch'; readonly bytes: Uint8Array }
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'fetch'; readonly request: FetchRequest }
  | { readonly kind: 'reply'; readonly reply: FetchReply }
  | { readonly kind: 'snapshot-request'; readonly request: SnapshotRequest }
  | { readonly kind: 'snapshot-reply'; readonly reply: SnapshotReply }
  /** A certificate that answers a vote, or helps a peer that lacks votes; checked by whoever gets it. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** Encoded STOPs of a quorum, which installed a regency (rule R3). */
  | { readonly kind: 'installation'; readonly stops: readonly Uint8Array[] }
  /** Two encoded messages of one replica that contradict each other (rule R10). */
  | { readonly kind: 'evidence'; readonly first: Uint8Array; readonly second: Uint8Array }
  | { readonly kind: 'pong'; readonly ping: number }

export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'envelope':
      return encodeWire(wire.Frame, { envelope: frame.bytes })
    case 'batch':
      return encodeWire(wire.Frame, { batch: frame.bytes })
    case 'status':
      return encodeWire(wire.Frame, { status: statusToWire(frame.status) })
    case 'fetch':
      return encodeWire(wire.Frame, {
        fetch: {
          batches: frame.request.batches.map(digestBytes),
          values: frame.request.values.map(digestBytes),
          fromHeight: frame.request.fromHeight,
          toHeight: frame.request.toHeight,
        },
      })
    case 'reply':
      return encodeWire(wire.Frame, {
        reply: {
          batches: frame.reply.batches as Uint8Array[],
          values: frame.reply.values as Uint8Array[],
          blocks: frame.reply.blocks.map(recordToWire),
        },
      })
    case 'snapshot-request':
      return encodeWire(wire.Frame, {
        snapshotRequest: { ...frame.request, chunks: frame.request.chunks as string[] },
      })
    case 'snapshot-reply': {
      const { height, manifest, chunks, blocks } = frame.reply
      const reply = { height, manifest, chunks: chunks as Uint8Array[], blocks: blocks as Uint8Array[] }
      return encodeWire(wire.Frame, { snapshotReply: reply })
    }
    case 'certificate':
      return encodeWire(wire.Frame, { certificate: certificateToWire(frame.certificate) })
    case 'installation':
      return encodeWire(wire.Frame, { installation: { stops: frame.stops as Uint8Array[] } })
    case 'evidence':
      return encodeWire(wire.Frame, { evidence: { first: frame.first, second: frame.second } })
    case 'pong':
      return encodeWire(wire.Frame, { pong: frame.ping })
  }
}

const SILENCES: readonly (Silence | undefined)[] = [undefined, 'barred', 'lost', 'following']

/** A replica that names no oldest block holds all, and one that names no snapshot serves none. */
function statusToWire({ oldest, snapshot, finality, silent, lanes, ...core }: Status): wire.Status.$Properties {
  return {
    ...core,
    lanes: lanes as HeldLane[],
    ...(silent === undefined ? {} : { silent: SILENCES.indexOf(silent) }),
    ...(oldest === 0 ? {} : { oldest }),
    ...(snapshot === 0 ? {} : { snapshot }),
    ...(finality === undefined ? {} : { finality: certificateToWire(finality) }),
  }
}

/** Decodes and bounds a frame; `undefined` when malformed. */
export function decodeFrame(sha256: Sha256, bytes: Uint8Array): Frame | undefined {
  const carried = decodeWire(wire.Frame, bytes)
  if (carried === undefined) return undefined
  if (carried.envelope) return { kind: 'envelope', bytes: carried.envelope }
  if (carried.batch) return { kind: 'batch', bytes: carried.batch }
  if (carried.status) return decodeStatus(carried.status)
  if (carried.fetch) return decodeFetch(carried.fetch)
  if (carried.reply) return decodeReply(sha256, carried.reply)
  if (carried.snapshotRequest) return decodeSnapshotRequest(carried.snapshotRequest)
  if (carried.snapshotReply) return decodeSnapshotReply(carried.snapshotReply)
  if (carried.certificate) {
    const certificate = certificateFromWire(carried.certificate)
    return certificate && { kind: 'certificate', certificate }
  }
  if (carried.installation) return decodeInstallation(carried.installation)
  if (carried.evidence) {
    const { first = EMPTY, second = EMPTY } = carried.evidence as { first?: Uint8Array; second?: Uint8Array }
    return { kind: 'evidence', first, second }
  }
  if (carried.pong) return isCount(carried.pong) ? { kind: 'pong', ping: carried.pong } : undefined
  return undefined
}

const EMPTY = new Uint8Array()

function decodeInstallation({ stops }: wire.Installation.$Properties): Frame | undefined {
  return (stops?.length ?? 0) > LIMITS.replicasMax ? undefined : { kind: 'installation', stops: stops ?? [] }
}

function decodeStatus(carried: wire.Status.$Properties): Frame | undefined {
  const counts = carried as Readonly<Record<string, number | undefined>>
  const numbers = {
    view: counts.view ?? 0,
    regency: counts.regency ?? 0,
    asked: counts.asked ?? 0,
    executed: counts.executed ?? 0,
    finalized: counts.finalized ?? 0,
    oldest: counts.oldest ?? 0,
    snapshot: counts.snapshot ?? 0,
    silentUntil: counts.silentUntil ?? 0,
    roundTripMs: counts.roundTripMs ?? 0,
    ping: counts.ping ?? 0,
  }
  const lanes = decodeLanes(carried.lanes)
  const finality = finalityFromWire(carried.finality)
  if (!Object.values(numbers).every(isCount) || lanes === undefined) return undefined
  if (carried.finality && finality?.cid !== numbers.finalized) return undefined
  const { ping, ...rest } = numbers
  const silent = SILENCES[carried.silent ?? 0]
  return {
    kind: 'status',
    status: {
      ...rest,
      lanes,
      awaitsSync: carried.awaitsSync ?? false,
      ...(silent === undefined ? {} : { silent }),
      ...(finality === undefined ? {} : { finality }),
      ...(ping === 0 ? {} : { ping }),
    },
  }
}

function decodeLanes(carried: wire.Status.$Properties['lanes']): readonly HeldLane[] | undefined {
  if ((carried?.length ?? 0) > LIMITS.replicasMax) return undefined
  const lanes = (carried ?? []).map((held) => {
    const { lane = 0, incarnation = 0, number = 0 } = held as Partial<HeldLane>
    return { lane, incarnation, number }
  })
  return lanes.every(({ incarnation, number }) => isCount(incarnation) && isCount(number)) ? lanes : undefined
}

function decodeFetch(carried: wire.FetchRequest.$Properties): Frame | undefined {
  const batches = digests(carried.batches)
  const values = digests(carried.values)
  const fromHeight = (carried.fromHeight as number | null) ?? 0
  const toHeight = (carried.toHeight as number | null) ?? 0
  if (batches === undefined || values === undefined || !isCount(fromHeight) || !isCount(toHeight)) return undefined
  return { kind: 'fetch', request: { batches, values, fromHeight, toHeight } }
}

function digests(carried: readonly Uint8Array[] | null | undefined): readonly Digest[] | undefined {
  const list = (carried ?? []).map(toDigest)
  if (list.length > LIMITS.fetchItemsMax || list.includes(undefined)) return undefined
  return list as readonly Digest[]
}

function decodeReply(sha256: Sha256, carried: wire.FetchReply.$Properties): Frame | undefined {
  const { batches, values, blocks } = carried
  if ((batches?.length ?? 0) > LIMITS.fetchItemsMax || (values?.length ?? 0) > LIMITS.fetchItemsMax) return undefined
  if ((blocks?.length ?? 0) > LIMITS.fetchBlocksMax) return undefined
  const records: BlockRecord[] = []
  for (const block of blocks ?? []) {
    const record = recordFromWire(sha256, block)
    if (record === undefined) return undefined
    records.push(record)
  }
  return { kind: 'reply', reply: { batches: batches ?? [], values: values ?? [], blocks: records } }
}

function decodeSnapshotRequest(carried: wire.SnapshotRequest.$Properties): Frame | undefined {
  const { height = 0, fromHeight = 0, toHeight = 0 } = carried as Record<string, number | undefined>
  const chunks = carried.chunks ?? []
  if (!isCount(height) || !isCount(fromHeight) || !isCount(toHeight)) return undefined
  if (chunks.length > LIMITS.fetchItemsMax || !chunks.every(isTreePath)) return undefined
  return {
    kind: 'snapshot-request',
    request: { height, manifest: carried.manifest ?? false, chunks, fromHeight, toHeight },
  }
}

function decodeSnapshotReply(carried: wire.SnapshotReply.$Properties): Frame | undefined {
  const { height = 0 } = carried as { height?: number }
  const { manifest = new Uint8Array(), chunks = [], blocks = [] } = carried as Partial<SnapshotReply>
  if (!isCount(height) || chunks.length > LIMITS.fetchItemsMax || blocks.length > LIMITS.fetchBlocksMax)
    return undefined
  return { kind: 'snapshot-reply', reply: { height, manifest, chunks, blocks } }
}
