import { type BlockRecord, type FinalityCertificate, LIMITS, type SealedHeader } from '../types/index.js'
import { certificateToWire, decodeHeader, finalityFromWire, recordFromWire, recordToWire } from './block.js'
import type { Sha256 } from './statements.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** A subtree of the state tree, as a manifest names it. */
export interface ChunkRoot {
  /** A hexadecimal digit for each four levels; the whole tree is the empty path. */
  readonly path: string
  /** Hash of the subtree (32 bytes), or its only leaf: key hash and value hash (64 bytes). */
  readonly slot: Uint8Array
}

/** What a snapshot consists of. Its header is proven by the certificate, and the chunks by the header's state root. */
export interface SnapshotManifest {
  readonly sealed: SealedHeader
  readonly finality: FinalityCertificate
  /** Ascending by path; together the whole state. */
  readonly chunks: readonly ChunkRoot[]
  /** From the genesis to the view of the certificate: encoded links (view-links.ts). */
  readonly views: Uint8Array
}

export interface StateRow {
  readonly key: string
  readonly value: Uint8Array
}

/** All rows of a subtree of the state. */
export interface StateChunk {
  readonly path: string
  readonly rows: readonly StateRow[]
}

/** A block with its receipts, which a replica that did not execute it cannot make itself. */
export interface WholeBlock {
  readonly record: BlockRecord
  /** Encoded, in order. */
  readonly receipts: readonly Uint8Array[]
}

export const isTreePath = (text: string): boolean => /^[0-9a-f]{0,64}$/.test(text)

export function encodeManifest({ sealed, finality, chunks, views }: SnapshotManifest): Uint8Array {
  return encodeWire(wire.SnapshotManifest, {
    header: sealed.bytes,
    finality: certificateToWire(finality),
    chunks: chunks as ChunkRoot[],
    views,
  })
}

/** Shape and order only; what it says is checked against the certificate and the state root. */
export function decodeManifest(sha256: Sha256, bytes: Uint8Array): SnapshotManifest | undefined {
  const carried = decodeWire(wire.SnapshotManifest, bytes)
  const sealed = carried && decodeHeader(sha256, carried.header)
  const finality = finalityFromWire(carried?.finality)
  if (carried === undefined || sealed === undefined || finality === undefined) return undefined
  if (carried.chunks.length > LIMITS.snapshotChunksMax) return undefined
  const chunks: ChunkRoot[] = []
  for (const { path = '', slot } of carried.chunks) {
    if (path === null || !isTreePath(path) || (slot?.length !== 32 && slot?.length !== 64)) return undefined
    const last = chunks.at(-1)
    // Ascending, and none inside another.
    if (last !== undefined && (path <= last.path || path.startsWith(last.path))) return undefined
    chunks.push({ path, slot })
  }
  return { sealed, finality, chunks, views: carried.views }
}

export function encodeChunk({ path, rows }: StateChunk): Uint8Array {
  return encodeWire(wire.StateChunk, { path, rows: rows as StateRow[] })
}

export function decodeChunk(bytes: Uint8Array): StateChunk | undefined {
  const carried = decodeWire(wire.StateChunk, bytes)
  if (carried === undefined || !isTreePath(carried.path)) return undefined
  const rows = carried.rows.map(({ key, value }) => ({ key: key ?? '', value: value ?? new Uint8Array() }))
  return { path: carried.path, rows }
}

export function encodeWholeBlock({ record, receipts }: WholeBlock): Uint8Array {
  return encodeWire(wire.WholeBlock, { record: recordToWire(record), receipts: receipts as Uint8Array[] })
}

export function decodeWholeBlock(sha256: Sha256, bytes: Uint8Array): WholeBlock | undefined {
  const carried = decodeWire(wire.WholeBlock, bytes)
  const record = carried?.record && recordFromWire(sha256, carried.record)
  if (carried === undefined || record === undefined || record === null) return undefined
  return { record, receipts: carried.receipts }
}
