import { decodeEnvelope } from '../codec/consensus.js'
import { decodeFrame, type Frame } from '../codec/frame.js'
import { nativeSuite } from '../crypto/native.js'
import type { Certificate, Message } from '../types/index.js'

const { sha256 } = nativeSuite
const CODEC = { networkId: new Uint8Array(32), sha256 }
const short = (digest: string): string => digest.slice(0, 8)

/** A frame for a reader of a transcript. */
export function describeFrame(bytes: Uint8Array): string {
  const frame = decodeFrame(sha256, bytes)
  return frame === undefined ? 'malformed' : describe(frame)
}

function describe(frame: Frame): string {
  switch (frame.kind) {
    case 'envelope':
      return describeEnvelope(frame.bytes)
    case 'batch':
      return `BATCH of ${frame.bytes.length} bytes`
    case 'status': {
      const { regency, asked, executed, finalized, silent } = frame.status
      return `STATUS regency ${regency} asked ${asked} executed ${executed} finalized ${finalized} ${silent ?? ''}`
    }
    case 'fetch': {
      const { batches, values, fromHeight, toHeight } = frame.request
      return `FETCH ${batches.length} batches, ${values.length} values, blocks ${fromHeight}..${toHeight}`
    }
    case 'reply': {
      const { batches, values, blocks } = frame.reply
      const heights = blocks.map(({ sealed }) => sealed.header.height)
      return `REPLY ${batches.length} batches, ${values.length} values, blocks ${heights.join(' ')}`
    }
    case 'snapshot-request': {
      const { height, manifest, chunks, fromHeight, toHeight } = frame.request
      const what = manifest ? 'manifest' : `${chunks.length} chunks, blocks ${fromHeight}..${toHeight}`
      return `SNAPSHOT REQUEST at ${height}: ${what}`
    }
    case 'snapshot-reply': {
      const { height, manifest, chunks, blocks } = frame.reply
      return `SNAPSHOT at ${height}: manifest of ${manifest.length} bytes, ${chunks.length} chunks, ${blocks.length} blocks`
    }
    case 'certificate':
      return `CERTIFICATE ${describeCertificate(frame.certificate)}`
    case 'installation':
      return `INSTALLATION of ${frame.stops.map(describeEnvelope).join(', ')}`
    case 'evidence':
      return `EVIDENCE ${describeEnvelope(frame.first)} and ${describeEnvelope(frame.second)}`
    default:
      return frame.kind.toUpperCase()
  }
}

const describeCertificate = ({ kind, cid, regency, digest }: Certificate): string =>
  `${kind} ${cid}@${regency} ${short(digest)}`

function describeEnvelope(bytes: Uint8Array): string {
  const carried = decodeEnvelope(CODEC, bytes)
  return carried === undefined ? 'malformed' : `${describeMessage(carried.signed.message)} by r${carried.signed.sender}`
}

export function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'propose': {
      const { cid, regency, value } = message
      return `PROPOSE cid ${cid} regency ${regency} value ${short(value.digest)} of ${value.batches.length} batches`
    }
    case 'write':
      return `WRITE cid ${message.cid} regency ${message.regency} ${short(message.digest)}`
    case 'accept':
      return `ACCEPT cid ${message.cid} regency ${message.regency} ${short(message.digest)} header ${short(message.header)}`
    case 'stop':
      return `STOP regency ${message.regency} ${message.reason} ${message.start}.${message.number}`
    case 'stop-data': {
      const locks = message.locks.map(({ cid, regency }) => `${cid}@${regency}`).join(' ')
      const { height, regency } = message.base
      return `STOPDATA regency ${message.regency} base ${height}@${regency} locks [${locks}]`
    }
    case 'sync': {
      const of = message.stopData.map(({ sender, message: { base } }) => `r${sender} from ${base.height}`).join(', ')
      return `SYNC regency ${message.regency} of ${of}`
    }
  }
}
