import { decodeEnvelope } from '../codec/consensus.js'
import { decodeFrame } from '../codec/frame.js'
import { nativeSuite } from '../crypto/native.js'
import type { Message } from '../types/index.js'

const { sha256 } = nativeSuite
const short = (digest: string): string => digest.slice(0, 8)

/** A frame for a reader of a transcript. */
export function describeFrame(bytes: Uint8Array): string {
  const frame = decodeFrame(sha256, bytes)
  switch (frame?.kind) {
    case undefined:
      return 'malformed'
    case 'envelope':
      return describeEnvelope(frame.bytes)
    case 'batch':
      return `BATCH of ${frame.bytes.length} bytes`
    case 'status': {
      const { regency, decided, executed, finalized } = frame.status
      return `STATUS regency ${regency} decided ${decided} executed ${executed} finalized ${finalized}`
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
  }
}

function describeEnvelope(bytes: Uint8Array): string {
  const carried = decodeEnvelope({ networkId: new Uint8Array(32), sha256 }, bytes)
  return carried === undefined ? 'malformed' : `${describeMessage(carried.signed.message)} by r${carried.signed.sender}`
}

export function describeMessage(message: Message): string {
  switch (message.kind) {
    case 'propose':
      return `PROPOSE cid ${message.cid} regency ${message.regency} value ${short(message.value.digest)}`
    case 'write':
    case 'accept':
    case 'persist':
      return `${message.kind.toUpperCase()} cid ${message.cid} regency ${message.regency} ${short(message.digest)}`
    case 'stop':
      return `STOP regency ${message.regency}`
    case 'stop-data': {
      const prepared = message.prepared.map(({ cid, regency }) => `${cid}@${regency}`).join(' ')
      return `STOPDATA regency ${message.regency} finalized ${message.finalized} prepared [${prepared}]`
    }
    case 'sync':
      return `SYNC regency ${message.regency} of ${message.stopData.map(({ sender }) => `r${sender}`).join(' ')}`
  }
}
