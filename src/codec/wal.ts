import type { WalRecord } from '../types/index.js'
import { certificateToWire, preparedFromWire } from './block.js'
import { digestBytes, isCount, toDigest } from './statements.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** A record of the write-ahead log: what the core persists, and the batches that its values name. */
export type LogRecord = { readonly kind: 'batch'; readonly bytes: Uint8Array } | WalRecord

export function encodeLogRecord(record: LogRecord): Uint8Array {
  switch (record.kind) {
    case 'batch':
      return encodeWire(wire.WalRecord, { batch: record.bytes })
    case 'view':
      return encodeWire(wire.WalRecord, { view: record.view + 1 })
    case 'regency':
      return encodeWire(wire.WalRecord, { regency: record.regency })
    case 'stop':
      return encodeWire(wire.WalRecord, { stop: record.regency })
    case 'accept': {
      const { value, header } = record
      const prepared = certificateToWire(record.prepared)
      return encodeWire(wire.WalRecord, { accept: { prepared, value, header: digestBytes(header) } })
    }
    case 'lost':
      return encodeWire(wire.WalRecord, {
        lost: record.bounds === undefined ? { bounded: false } : { bounded: true, ...record.bounds },
      })
    case 'mark': {
      const { regency, proposed, synced } = record
      const writes = record.writes.map(({ cid, digest }) => ({ cid, digest: digestBytes(digest) }))
      return encodeWire(wire.WalRecord, { mark: { regency, writes, proposed, synced } })
    }
  }
}

/** Decodes a record; `undefined` when it is not one of this version. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord | undefined {
  const carried = decodeWire(wire.WalRecord, bytes)
  if (carried === undefined) return undefined
  if (carried.batch) return { kind: 'batch', bytes: carried.batch }
  if (carried.view) return { kind: 'view', view: carried.view - 1 }
  if (carried.regency) return { kind: 'regency', regency: carried.regency }
  if (carried.stop) return { kind: 'stop', regency: carried.stop }
  if (carried.accept) return decodeAccept(carried.accept)
  if (carried.lost) return decodeLost(carried.lost)
  if (carried.mark) return decodeMark(carried.mark)
  return undefined
}

function decodeAccept(carried: wire.WalAccept.$Properties): LogRecord | undefined {
  const prepared = preparedFromWire(carried.prepared)
  const header = toDigest(carried.header ?? new Uint8Array())
  if (prepared === undefined || header === undefined) return undefined
  return { kind: 'accept', prepared, value: carried.value ?? new Uint8Array(), header }
}

function decodeLost(carried: wire.WalLost.$Properties): LogRecord | undefined {
  if (carried.bounded !== true) return { kind: 'lost' }
  const { view = 0, height = 0, regency = 0 } = carried as { view?: number; height?: number; regency?: number }
  return isCount(height) && isCount(regency) ? { kind: 'lost', bounds: { view, height, regency } } : undefined
}

function decodeMark(carried: wire.WalMark.$Properties): LogRecord | undefined {
  const { regency = 0, proposed = 0 } = carried as { regency?: number; proposed?: number }
  const writes = (carried.writes ?? []).map(({ cid, digest }) => ({
    cid: (cid as number | null) ?? 0,
    digest: toDigest(digest ?? new Uint8Array()) ?? '',
  }))
  if (writes.some(({ digest }) => digest === '') || !isCount(regency) || !isCount(proposed)) return undefined
  return { kind: 'mark', regency, writes, proposed, synced: carried.synced ?? false }
}
