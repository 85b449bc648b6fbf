import {
  type Accept,
  type Base,
  type Certificate,
  LIMITS,
  type Lock,
  type Message,
  type MessageKind,
  type Propose,
  type Signed,
  type Stop,
  type StopData,
  type StopReason,
  type Sync,
  type ViewId,
  type Write,
} from '../types/index.js'
import { certificateFromWire, certificateToWire, decodeValue } from './block.js'
import {
  bodyDigest,
  digestBytes,
  isCount,
  kindNumber,
  kindOfNumber,
  type Sha256,
  type Statement,
  statementBytes,
  toDigest,
} from './statements.js'
import type { CodecContext } from './transaction.js'
import { decodeWire, encodeWire, wire } from './wire.js'

/** A decoded message together with the bytes that its signature must cover. */
export interface CarriedMessage {
  readonly signed: Signed
  readonly statement: Uint8Array
}

const REASONS: readonly StopReason[] = ['wish', 'barred', 'resign']

/** Encodes the body of a message. */
export function encodeMessageBody(message: Message): Uint8Array {
  switch (message.kind) {
    case 'write':
      return encodeWire(wire.Vote, { ...place(message), digest: digestBytes(message.digest) })
    case 'accept': {
      const { digest, header } = message
      return encodeWire(wire.Vote, { ...place(message), digest: digestBytes(digest), header: digestBytes(header) })
    }
    case 'propose':
      return encodeWire(wire.Propose, { ...place(message), value: message.value.bytes })
    case 'stop': {
      const { regency, reason, start, number } = message
      return encodeWire(wire.Stop, { regency, reason: REASONS.indexOf(reason), start, number })
    }
    case 'stop-data':
      return encodeStopData(message)
    case 'sync':
      return encodeWire(wire.Sync, {
        regency: message.regency,
        stopData: message.stopData.map(withoutProofs),
        proofs: message.proofs.map(certificateToWire),
      })
  }
}

const place = ({ cid, regency }: Write | Accept | Propose) => ({ cid, regency })

function encodeStopData({ regency, base, locks }: StopData): Uint8Array {
  return encodeWire(wire.StopData, {
    regency,
    baseHeight: base.height,
    baseRegency: base.regency,
    baseDigest: digestBytes(base.digest),
    baseHeader: digestBytes(base.header),
    locks: locks.map((lock) => ({ cid: lock.cid, regency: lock.regency, digest: digestBytes(lock.digest) })),
  })
}

/** A SYNC holds one certificate for each statement that counts, so those beside the single STOPDATA are left out. */
function withoutProofs({ bytes, proofs = [] }: Signed<StopData>): Uint8Array {
  const envelope = proofs.length === 0 ? undefined : decodeWire(wire.Envelope, bytes)
  return envelope === undefined ? bytes : encodeWire(wire.Envelope, { ...envelope, proofs: [] })
}

/** The bytes that the sender of a message signs. */
export function messageStatement(context: CodecContext, view: ViewId, message: Message, body: Uint8Array): Uint8Array {
  return statementBytes(context.networkId, statementOf(context.sha256, view, message, body))
}

function statementOf(sha256: Sha256, view: ViewId, message: Message, body: Uint8Array): Statement {
  const { kind, regency } = message
  switch (message.kind) {
    case 'write':
      return { view, kind, regency, cid: message.cid, digest: message.digest }
    case 'accept':
      return { view, kind, regency, cid: message.cid, digest: message.digest, header: message.header }
    case 'propose':
      return { view, kind, regency, cid: message.cid, digest: message.value.digest }
    case 'stop':
    case 'stop-data':
    case 'sync':
      return { view, kind, regency, cid: 0, digest: bodyDigest(sha256, body) }
  }
}

/** @param proofs certificates beside a STOPDATA, which the signature does not cover */
export function encodeEnvelope(
  kind: MessageKind,
  sender: number,
  view: ViewId,
  body: Uint8Array,
  signature: Uint8Array,
  proofs: readonly Certificate[] = [],
): Uint8Array {
  const beside = proofs.map(certificateToWire)
  return encodeWire(wire.Envelope, { kind: kindNumber(kind), sender, view, body, signature, proofs: beside })
}

/** Decodes and bounds a consensus message; `undefined` when malformed. No signature is checked here. */
export function decodeEnvelope(context: CodecContext, bytes: Uint8Array): CarriedMessage | undefined {
  if (bytes.length > LIMITS.envelopeBytesMax) return undefined
  const envelope = decodeWire(wire.Envelope, bytes)
  if (envelope === undefined || envelope.signature.length !== 64) return undefined
  const kind = kindOfNumber(envelope.kind)
  if (kind === undefined || kind === 'batch') return undefined
  const message = decodeBody(context, kind, envelope.body)
  const proofs = certificatesFromWire(envelope.proofs)
  if (message === undefined || proofs === undefined || (kind !== 'stop-data' && proofs.length > 0)) return undefined
  const { sender, view, signature } = envelope
  return {
    signed: { sender, view, message, signature, bytes, ...(proofs.length === 0 ? {} : { proofs }) },
    statement: messageStatement(context, view, message, envelope.body),
  }
}

/** One for each lock of a window and one for the base, at most. */
function certificatesFromWire(carried: readonly wire.Certificate.$Properties[]): readonly Certificate[] | undefined {
  if (carried.length > LIMITS.windowMax + 1) return undefined
  const certificates: Certificate[] = []
  for (const one of carried) {
    const certificate = certificateFromWire(one)
    if (certificate === undefined) return undefined
    certificates.push(certificate)
  }
  return certificates
}

function decodeBody(context: CodecContext, kind: MessageKind, body: Uint8Array): Message | undefined {
  switch (kind) {
    case 'write':
    case 'accept':
      return decodeVote(kind, body)
    case 'propose':
      return decodePropose(context, body)
    case 'stop':
      return decodeStop(body)
    case 'stop-data':
      return decodeStopData(body)
    case 'sync':
      return decodeSync(context, body)
  }
}

function decodeVote(kind: 'write' | 'accept', body: Uint8Array): Write | Accept | undefined {
  const carried = decodeWire(wire.Vote, body)
  const digest = carried === undefined ? undefined : toDigest(carried.digest)
  if (carried === undefined || digest === undefined || !isCount(carried.cid) || !isCount(carried.regency))
    return undefined
  const { cid, regency } = carried
  if (regency === 0) return undefined
  if (kind === 'write') return carried.header.length === 0 ? { kind, cid, regency, digest } : undefined
  const header = toDigest(carried.header)
  return header && { kind, cid, regency, digest, header }
}

function decodePropose(context: CodecContext, body: Uint8Array): Propose | undefined {
  const carried = decodeWire(wire.Propose, body)
  if (carried === undefined || !isCount(carried.cid) || !isCount(carried.regency)) return undefined
  const value = decodeValue(context.sha256, carried.value)
  return value && { kind: 'propose', cid: carried.cid, regency: carried.regency, value }
}

function decodeStop(body: Uint8Array): Stop | undefined {
  const carried = decodeWire(wire.Stop, body)
  const reason = carried && REASONS[carried.reason]
  if (carried === undefined || reason === undefined) return undefined
  const { regency, start, number } = carried
  if (!isCount(regency) || !isCount(start) || !isCount(number)) return undefined
  return { kind: 'stop', regency, reason, start, number }
}

function decodeStopData(body: Uint8Array): StopData | undefined {
  const carried = decodeWire(wire.StopData, body)
  const base = carried && decodeBase(carried)
  if (carried === undefined || base === undefined || !isCount(carried.regency)) return undefined
  if (carried.locks.length > LIMITS.windowMax) return undefined
  const locks: Lock[] = []
  for (const nested of carried.locks) {
    const { cid = 0, regency = 0 } = nested as { cid?: number; regency?: number }
    const digest = toDigest(nested.digest ?? new Uint8Array())
    if (digest === undefined || !isCount(cid) || !isCount(regency)) return undefined
    locks.push({ cid, regency, digest })
  }
  return { kind: 'stop-data', regency: carried.regency, base, locks }
}

function decodeBase({ baseHeight, baseRegency, baseDigest, baseHeader }: wire.StopData): Base | undefined {
  const digest = toDigest(baseDigest)
  const header = toDigest(baseHeader)
  if (digest === undefined || header === undefined || !isCount(baseHeight) || !isCount(baseRegency)) return undefined
  return { height: baseHeight, regency: baseRegency, digest, header }
}

function decodeSync(context: CodecContext, body: Uint8Array): Sync | undefined {
  const carried = decodeWire(wire.Sync, body)
  const proofs = carried && certificatesFromWire(carried.proofs)
  if (carried === undefined || proofs === undefined || !isCount(carried.regency)) return undefined
  if (carried.stopData.length > LIMITS.replicasMax) return undefined
  const stopData: Signed<StopData>[] = []
  for (const bytes of carried.stopData) {
    const nested = decodeNested(context, bytes)
    if (nested === undefined) return undefined
    stopData.push(nested)
  }
  return { kind: 'sync', regency: carried.regency, stopData, proofs }
}

function decodeNested(context: CodecContext, bytes: Uint8Array): Signed<StopData> | undefined {
  // The kind is looked at before the body is read, so that a SYNC cannot nest another SYNC.
  if (decodeWire(wire.Envelope, bytes)?.kind !== kindNumber('stop-data')) return undefined
  const signed = decodeEnvelope(context, bytes)?.signed
  if (signed?.message.kind !== 'stop-data' || signed.proofs !== undefined) return undefined
  return signed as Signed<StopData>
}

/** The statement of a nested STOPDATA, for the check of its signature. */
export function signedStatement(context: CodecContext, signed: Signed): Uint8Array | undefined {
  const envelope = decodeWire(wire.Envelope, signed.bytes)
  return envelope && messageStatement(context, signed.view, signed.message, envelope.body)
}
