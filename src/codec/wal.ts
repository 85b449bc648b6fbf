import type { WalRecord } from '../types/index.js'
import { certificateFromWire, certificateToWire } from './block.js'
import { decodeStopData, decodeSync, encodeMessageBody, encodeStopData } from './consensus.js'
import { digestBytes, isCount, toDigest } from './statements.js'
import type { CodecContext } from './transaction.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** A record of the write-ahead log: what the core persists, and the batches that its values name. */
export type LogRecord = { readonly kind: 'batch'; readonly bytes: Uint8Array } | WalRecord

export function encodeLogRecord(record: LogRecord): Uint8Array {
  switch (record.kind) {
    case 'batch':
      return encodeWire(wire.WalRecord, { batch: record.bytes })
    case 'write': {
      const { cid, regency, value } = record
      return encodeWire(wire.WalRecord, { write: { cid, regency, digest: digestBytes(record.digest), value } })
    }
    case 'accept':
      return encodeWire(wire.WalRecord, { accept: certificateToWire(record.prepared) })
    case 'stop':
      return encodeWire(wire.WalRecord, { stop: record.regency })
    case 'stop-data':
      return encodeWire(wire.WalRecord, { stopData: encodeStopData(record.message) })
    case 'sync':
      return encodeWire(wire.WalRecord, { sync: encodeMessageBody(record.message) })
    case 'view':
      return encodeWire(wire.WalRecord, { view: record.view + 1 })
    case 'abstain':
      if (record.until !== undefined) return encodeWire(wire.WalRecord, { abstainUntil: record.until })
      return encodeWire(wire.WalRecord, { abstain: record.over ? 2 : 1 })
  }
}

/** Decodes a record; `undefined` when it is not one of this version. */
export function decodeLogRecord(context: CodecContext, bytes: Uint8Array): LogRecord | undefined {
  const carried = decodeWire(wire.WalRecord, bytes)
  if (carried === undefined) return undefined
  if (carried.batch) return { kind: 'batch', bytes: carried.batch }
  if (carried.write) return decodeWrite(carried.write)
  if (carried.accept) {
    const prepared = certificateFromWire(carried.accept, 'write')
    return prepared && { kind: 'accept', prepared }
  }
  if (carried.stop) return { kind: 'stop', regency: carried.stop }
  if (carried.stopData) {
    const message = decodeStopData(carried.stopData)
    return message && { kind: 'stop-data', message }
  }
  if (carried.sync) {
    const message = decodeSync(context, carried.sync)
    return message && { kind: 'sync', message }
  }
  if (carried.view) return { kind: 'view', view: carried.view - 1 }
  if (carried.abstain === 1 || carried.abstain === 2) return { kind: 'abstain', over: carried.abstain === 2 }
  if (carried.abstainUntil) return { kind: 'abstain', over: false, until: carried.abstainUntil }
  return undefined
}

function decodeWrite(carried: wire.WalWrite.$Properties): LogRecord | undefined {
  const { cid = 0, regency = 0 } = carried as { cid?: number; regency?: number }
  const digest = toDigest(carried.digest ?? new Uint8Array())
  if (digest === undefined || !isCount(cid) || !isCount(regency)) return undefined
  return { kind: 'write', cid, regency, digest, value: carried.value ?? new Uint8Array() }
}
