import {
  type Certificate,
  type Digest,
  LIMITS,
  type Message,
  type MessageKind,
  type Propose,
  type Signed,
  type Stop,
  type StopData,
  type Sync,
  type ViewId,
  type Vote,
  type VoteKind,
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

/** Encodes the body of a message. */
export function encodeMessageBody(message: Message): Uint8Array {
  switch (message.kind) {
    case 'write':
    case 'accept':
    case 'persist':
      return encodeWire(wire.Vote, {
        cid: message.cid,
        regency: message.regency,
        digest: digestBytes(message.digest),
      })
    case 'propose':
      return encodeWire(wire.Propose, { cid: message.cid, regency: message.regency, value: message.value.bytes })
    case 'stop':
      return encodeWire(wire.Stop, { regency: message.regency, pending: message.pending.map(digestBytes) })
    case 'stop-data':
      return encodeStopData(message)
    case 'sync':
      return encodeWire(wire.Sync, {
        regency: message.regency,
        stopData: message.stopData.map((signed) => signed.bytes),
      })
  }
}

/** The bytes that the sender of a message signs. */
export function messageStatement(context: CodecContext, view: ViewId, message: Message, body: Uint8Array): Uint8Array {
  return statementBytes(context.networkId, statementOf(context.sha256, view, message, body))
}

function statementOf(sha256: Sha256, view: ViewId, message: Message, body: Uint8Array): Statement {
  const { kind, regency } = message
  switch (message.kind) {
    case 'write':
    case 'accept':
    case 'persist':
      return { view, kind, regency, cid: message.cid, digest: message.digest }
    case 'propose':
      return { view, kind, regency, cid: message.cid, digest: message.value.digest }
    case 'stop':
    case 'stop-data':
    case 'sync':
      return { view, kind, regency, cid: 0, digest: bodyDigest(sha256, body) }
  }
}

export function encodeEnvelope(
  kind: MessageKind,
  sender: number,
  view: ViewId,
  body: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return encodeWire(wire.Envelope, { kind: kindNumber(kind), sender, view, body, signature })
}

/** Decodes and bounds a consensus message; `undefined` when malformed. No signature is checked here. */
export function decodeEnvelope(context: CodecContext, bytes: Uint8Array): CarriedMessage | undefined {
  if (bytes.length > LIMITS.envelopeBytesMax) return undefined
  const envelope = decodeWire(wire.Envelope, bytes)
  if (envelope === undefined || envelope.signature.length !== 64) return undefined
  const kind = kindOfNumber(envelope.kind)
  if (kind === undefined || kind === 'batch') return undefined
  const message = decodeBody(context, kind, envelope.body)
  if (message === undefined) return undefined
  const { sender, view, signature } = envelope
  return {
    signed: { sender, view, message, signature, bytes },
    statement: messageStatement(context, view, message, envelope.body),
  }
}

function decodeBody(context: CodecContext, kind: MessageKind, body: Uint8Array): Message | undefined {
  switch (kind) {
    case 'write':
    case 'accept':
    case 'persist':
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

function decodeVote(kind: VoteKind, body: Uint8Array): Vote | undefined {
  const carried = decodeWire(wire.Vote, body)
  const digest = carried === undefined ? undefined : toDigest(carried.digest)
  if (carried === undefined || digest === undefined || !isCount(carried.cid) || !isCount(carried.regency))
    return undefined
  if ((kind === 'persist') !== (carried.regency === 0)) return undefined
  return { kind, cid: carried.cid, regency: carried.regency, digest }
}

function decodePropose(context: CodecContext, body: Uint8Array): Propose | undefined {
  const carried = decodeWire(wire.Propose, body)
  if (carried === undefined || !isCount(carried.cid) || !isCount(carried.regency)) return undefined
  const value = decodeValue(context.sha256, carried.value)
  return value && { kind: 'propose', cid: carried.cid, regency: carried.regency, value }
}

function decodeStop(body: Uint8Array): Stop | undefined {
  const carried = decodeWire(wire.Stop, body)
  if (carried === undefined || !isCount(carried.regency) || carried.pending.length > LIMITS.stopPendingMax)
    return undefined
  const pending: Digest[] = []
  for (const bytes of carried.pending) {
    const digest = toDigest(bytes)
    if (digest === undefined) return undefined
    pending.push(digest)
  }
  return { kind: 'stop', regency: carried.regency, pending }
}

export function encodeStopData(message: StopData): Uint8Array {
  return encodeWire(wire.StopData, {
    regency: message.regency,
    finalized: message.finalized,
    ...(message.finality === undefined ? {} : { finality: certificateToWire(message.finality) }),
    prepared: message.prepared.map(certificateToWire),
  })
}

export function decodeStopData(body: Uint8Array): StopData | undefined {
  const carried = decodeWire(wire.StopData, body)
  if (carried === undefined || !isCount(carried.regency) || !isCount(carried.finalized)) return undefined
  const finality = certificateFromWire(carried.finality, 'persist')
  if ((finality === undefined) !== (carried.finality === null || carried.finality === undefined)) return undefined
  const prepared: Certificate<'write'>[] = []
  for (const nested of carried.prepared) {
    const certificate = certificateFromWire(nested, 'write')
    if (certificate === undefined) return undefined
    prepared.push(certificate)
  }
  const { regency, finalized } = carried
  return { kind: 'stop-data', regency, finalized, prepared, ...(finality === undefined ? {} : { finality }) }
}

export function decodeSync(context: CodecContext, body: Uint8Array): Sync | undefined {
  const carried = decodeWire(wire.Sync, body)
  if (carried === undefined || !isCount(carried.regency) || carried.stopData.length > LIMITS.replicasMax)
    return undefined
  const stopData: Signed<StopData>[] = []
  for (const bytes of carried.stopData) {
    const nested = decodeEnvelopeOf(context, bytes, 'stop-data')
    if (nested === undefined) return undefined
    stopData.push(nested)
  }
  return { kind: 'sync', regency: carried.regency, stopData }
}

function decodeEnvelopeOf(context: CodecContext, bytes: Uint8Array, kind: 'stop-data'): Signed<StopData> | undefined {
  // The kind is looked at before the body is read, so that a SYNC cannot nest another SYNC.
  if (decodeWire(wire.Envelope, bytes)?.kind !== kindNumber(kind)) return undefined
  const carried = decodeEnvelope(context, bytes)
  return carried?.signed.message.kind === kind ? (carried.signed as Signed<StopData>) : undefined
}

/** The statement of a nested STOPDATA, for the check of its signature. */
export function signedStatement(context: CodecContext, signed: Signed): Uint8Array | undefined {
  const envelope = decodeWire(wire.Envelope, signed.bytes)
  return envelope && messageStatement(context, signed.view, signed.message, envelope.body)
}
