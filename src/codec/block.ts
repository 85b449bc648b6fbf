import { utf8 } from '../base/bytes.js'
import type {
  BlockHeader,
  BlockRecord,
  Certificate,
  Digest,
  FinalityCertificate,
  PreparedCertificate,
  Receipt,
  ReplicaSignature,
  SealedHeader,
  Value,
  View,
} from '../types/index.js'
import { LIMITS } from '../types/index.js'
import {
  digestBytes,
  headerHash,
  isCount,
  kindNumber,
  kindOfNumber,
  type Sha256,
  taggedHash,
  toDigest,
  valueDigest,
} from './statements.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** Encodes a header and hashes the encoding. */
export function sealHeader(sha256: Sha256, header: BlockHeader): SealedHeader {
  const bytes = encodeWire(wire.BlockHeader, {
    height: header.height,
    previous: digestBytes(header.previous),
    value: digestBytes(header.value),
    transactionRoot: digestBytes(header.transactionRoot),
    receiptRoot: digestBytes(header.receiptRoot),
    stateRoot: digestBytes(header.stateRoot),
    timeMs: header.timeMs,
    view: digestBytes(header.view),
    contracts: digestBytes(header.contracts),
    transactions: header.transactions,
  })
  return { header, hash: headerHash(sha256, bytes), bytes }
}

export function decodeHeader(sha256: Sha256, bytes: Uint8Array): SealedHeader | undefined {
  const carried = decodeWire(wire.BlockHeader, bytes)
  if (carried === undefined || !isCount(carried.height) || !isCount(carried.timeMs)) return undefined
  const [previous, value, transactionRoot, receiptRoot, stateRoot, view, contracts] = [
    carried.previous,
    carried.value,
    carried.transactionRoot,
    carried.receiptRoot,
    carried.stateRoot,
    carried.view,
    carried.contracts,
  ].map(toDigest)
  if (previous === undefined || value === undefined || transactionRoot === undefined) return undefined
  if (receiptRoot === undefined || stateRoot === undefined) return undefined
  if (view === undefined || contracts === undefined) return undefined
  const { height, timeMs, transactions } = carried
  const header = {
    height,
    previous,
    value,
    transactionRoot,
    receiptRoot,
    stateRoot,
    timeMs,
    view,
    contracts,
    transactions,
  }
  return { header, hash: headerHash(sha256, bytes), bytes }
}

/** Certificate in its protobuf form, for messages that nest one. */
export function certificateToWire(certificate: Certificate): wire.Certificate.$Properties {
  return {
    kind: kindNumber(certificate.kind),
    view: certificate.view,
    cid: certificate.cid,
    regency: certificate.regency,
    digest: digestBytes(certificate.digest),
    ...(certificate.kind === 'accept' ? { header: digestBytes(certificate.header) } : {}),
    signatures: certificate.signatures as ReplicaSignature[],
  }
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encodeWire(wire.Certificate, certificateToWire(certificate))
}

/** Reads a certificate; shape only: quorum and signatures are checked by consensus/certificates. */
export function certificateFromWire(carried: wire.Certificate.$Properties | null | undefined): Certificate | undefined {
  if (carried === null || carried === undefined) return undefined
  const digest = toDigest(carried.digest ?? new Uint8Array())
  const { cid = 0, regency = 0, view = 0 } = carried as { cid?: number; regency?: number; view?: number }
  if (digest === undefined || !isCount(cid) || !isCount(regency)) return undefined
  const signatures: ReplicaSignature[] = []
  for (const { replica, signature } of carried.signatures ?? []) {
    if (signatures.length >= LIMITS.replicasMax || signature?.length !== 64) return undefined
    signatures.push({ replica: replica ?? 0, signature })
  }
  const signed = { view, cid, regency, digest, signatures }
  const kind = kindOfNumber(carried.kind ?? 0)
  const header = carried.header ?? new Uint8Array()
  if (kind === 'write') return header.length === 0 ? { kind, ...signed } : undefined
  const hash = toDigest(header)
  return kind === 'accept' && hash !== undefined ? { kind, ...signed, header: hash } : undefined
}

/** A certificate of the kind that proves finality. */
export function finalityFromWire(
  carried: wire.Certificate.$Properties | null | undefined,
): FinalityCertificate | undefined {
  const certificate = certificateFromWire(carried)
  return certificate?.kind === 'accept' ? certificate : undefined
}

/** A certificate of the kind that proves a lock. */
export function preparedFromWire(
  carried: wire.Certificate.$Properties | null | undefined,
): PreparedCertificate | undefined {
  const certificate = certificateFromWire(carried)
  return certificate?.kind === 'write' ? certificate : undefined
}

export function decodeFinality(bytes: Uint8Array): FinalityCertificate | undefined {
  return finalityFromWire(decodeWire(wire.Certificate, bytes))
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeWire(wire.Receipt, {
    transaction: digestBytes(receipt.transaction),
    status: receipt.status === 'done' ? 0 : 1,
    code: receipt.code,
    detail: receipt.detail,
    result: receipt.result,
    events: receipt.events as { name: string; data: Uint8Array }[],
  })
}

export function decodeReceipt(bytes: Uint8Array): Receipt | undefined {
  const carried = decodeWire(wire.Receipt, bytes)
  const transaction = carried === undefined ? undefined : toDigest(carried.transaction)
  if (carried === undefined || transaction === undefined || carried.status > 1) return undefined
  return {
    transaction,
    status: carried.status === 0 ? 'done' : 'refused',
    code: carried.code,
    detail: carried.detail,
    result: carried.result,
    events: carried.events.map((event) => ({ name: event.name ?? '', data: event.data ?? new Uint8Array() })),
  }
}

/** Encodes a value and hashes the encoding. */
export function makeValue(sha256: Sha256, timestampMs: number, batches: readonly Digest[]): Value {
  const bytes = encodeWire(wire.Value, { timestampMs, batches: batches.map(digestBytes) })
  return { digest: valueDigest(sha256, bytes), timestampMs, batches, bytes }
}

export function decodeValue(sha256: Sha256, bytes: Uint8Array): Value | undefined {
  const carried = decodeWire(wire.Value, bytes)
  if (carried === undefined || !isCount(carried.timestampMs)) return undefined
  if (carried.batches.length > LIMITS.valueBatchesMax) return undefined
  const batches: Digest[] = []
  for (const bytes of carried.batches) {
    const digest = toDigest(bytes)
    if (digest === undefined) return undefined
    batches.push(digest)
  }
  if (new Set(batches).size !== batches.length) return undefined
  return { digest: valueDigest(sha256, bytes), timestampMs: carried.timestampMs, batches, bytes }
}

/** @param batches encoded batches, in the order of the value */
export function encodeBlockBody(value: Uint8Array, batches: readonly Uint8Array[]): Uint8Array {
  return encodeWire(wire.BlockBody, { value, batches: batches as Uint8Array[] })
}

export function decodeBlockBody(
  bytes: Uint8Array,
): { readonly value: Uint8Array; readonly batches: readonly Uint8Array[] } | undefined {
  return decodeWire(wire.BlockBody, bytes)
}

export function recordToWire({ sealed, body, certificate }: BlockRecord): wire.BlockRecord.$Properties {
  return {
    header: sealed.bytes,
    body,
    ...(certificate === undefined ? {} : { certificate: certificateToWire(certificate) }),
  }
}

export function recordFromWire(sha256: Sha256, carried: wire.BlockRecord.$Properties): BlockRecord | undefined {
  const sealed = decodeHeader(sha256, carried.header ?? new Uint8Array())
  const certificate = finalityFromWire(carried.certificate)
  const isMalformed = certificate === undefined && carried.certificate !== null && carried.certificate !== undefined
  if (sealed === undefined || isMalformed) return undefined
  return { sealed, body: carried.body ?? new Uint8Array(), ...(certificate === undefined ? {} : { certificate }) }
}

/** Hash of a view, as the header of the block below it names it. */
export function viewHash(sha256: Sha256, view: View): Uint8Array {
  const replicas = view.replicas.map(({ id, organization, consensusKey, peerId }) => [
    id,
    organization,
    consensusKey,
    peerId,
  ])
  return taggedHash(sha256, 'etalon/view/1', utf8(JSON.stringify([view.id, replicas])))
}
