import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFinality, decodeHeader, decodeValue, encodeCertificate, makeValue } from '../../src/codec/block.js'
import {
  decodeChannelAnswer,
  decodeChannelRequest,
  encodeChannelAnswer,
  encodeChannelRequest,
} from '../../src/codec/channel.js'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { decodeFrame, encodeFrame, type Frame } from '../../src/codec/frame.js'
import { decodeBatch, decodeTransaction } from '../../src/codec/transaction.js'
import { decodeLogRecord, encodeLogRecord, type LogRecord } from '../../src/codec/wal.js'
import {
  ABOVE,
  BATCH,
  CONTEXT,
  encodedTransaction,
  MESSAGES,
  PROOFS,
  prepared,
  RECORD,
  STOP_DATA,
  sha256,
  signed,
} from './samples.js'

const bytes = (constraints?: fc.IntArrayConstraints) => fc.uint8Array(constraints)

function check<T>(arbitrary: fc.Arbitrary<T>, holds: (input: T) => void): void {
  const property = fc.property(arbitrary, (input) => {
    holds(input)
  })
  fc.assert(property, { numRuns: 200 })
}

const CERTIFICATE = RECORD.certificate ?? expect.fail()
const LOCK = prepared(42, 3, CERTIFICATE.digest)

const FRAMES: readonly Frame[] = [
  { kind: 'certificate', certificate: CERTIFICATE },
  { kind: 'installation', stops: [signed(1, MESSAGES.stop ?? expect.fail()).bytes] },
  { kind: 'evidence', first: Uint8Array.of(1), second: Uint8Array.of(2) },
  { kind: 'pong', ping: 7 },
  {
    kind: 'status',
    status: {
      ...{ view: 1, regency: 3, asked: 4, executed: 44, finalized: 42, silent: 'barred', silentUntil: 58 },
      ...{ awaitsSync: true, roundTripMs: 37, oldest: 7, snapshot: 40, ping: 9 },
      lanes: [{ lane: 1, incarnation: 2, number: 3 }],
      finality: CERTIFICATE,
    },
  },
]

const LOG_RECORDS: readonly LogRecord[] = [
  { kind: 'accept', prepared: LOCK, value: Uint8Array.of(1), header: CERTIFICATE.header },
  { kind: 'lost', bounds: { view: 1, height: 42, regency: 3 } },
  { kind: 'mark', regency: 3, writes: [{ cid: 43, digest: LOCK.digest }], proposed: 43, synced: true },
]

/** Every decoder of bytes from outside, with a whole input. */
const DECODERS: readonly {
  readonly what: string
  readonly decode: (input: Uint8Array) => unknown
  readonly sample: Uint8Array
}[] = [
  { what: 'transaction', decode: (input) => decodeTransaction(CONTEXT, input), sample: encodedTransaction('p256') },
  { what: 'batch', decode: (input) => decodeBatch(CONTEXT, input), sample: BATCH },
  ...Object.entries(MESSAGES).map(([kind, one]) => ({
    what: `envelope of ${kind}`,
    decode: (input: Uint8Array) => decodeEnvelope(CONTEXT, input),
    sample: signed(1, one).bytes,
  })),
  {
    what: 'frame',
    decode: (input) => decodeFrame(sha256, input),
    sample: encodeFrame({ kind: 'reply', reply: { batches: [BATCH], values: [Uint8Array.of(1)], blocks: [RECORD] } }),
  },
  {
    what: 'envelope of STOPDATA with proofs',
    decode: (input) => decodeEnvelope(CONTEXT, input),
    sample: signed(1, STOP_DATA, PROOFS).bytes,
  },
  ...FRAMES.map((one) => ({
    what: `frame of kind ${one.kind}`,
    decode: (input: Uint8Array) => decodeFrame(sha256, input),
    sample: encodeFrame(one),
  })),
  ...LOG_RECORDS.map((one) => ({
    what: `log record of kind ${one.kind}`,
    decode: decodeLogRecord,
    sample: encodeLogRecord(one),
  })),
  { what: 'header', decode: (input) => decodeHeader(sha256, input), sample: RECORD.sealed.bytes },
  {
    what: 'value',
    decode: (input) => decodeValue(sha256, input),
    sample: makeValue(sha256, 1, ['ab'.repeat(32)]).bytes,
  },
  {
    what: 'certificate',
    decode: decodeFinality,
    sample: encodeCertificate(CERTIFICATE),
  },
  {
    what: 'channel request',
    decode: decodeChannelRequest,
    sample: encodeChannelRequest([{ ref: 1, transaction: encodedTransaction('vouched') }]),
  },
  {
    what: 'channel answer',
    decode: (input) => decodeChannelAnswer(sha256, input),
    sample: encodeChannelAnswer({
      blocks: [{ sealed: RECORD.sealed, finality: { headers: [ABOVE], certificate: CERTIFICATE }, receipts: [] }],
      refusals: [{ ref: 1, code: 'c', detail: 'd', retryAfterMs: 1 }],
    }),
  },
]

describe.each(DECODERS)('the decoder of a $what', ({ decode, sample }) => {
  it('never throws, whatever bytes come', () => {
    check(bytes({ maxLength: 300 }), (input) => {
      decode(input)
    })
  })

  it('never throws on a truncated input', () => {
    for (let length = 0; length <= sample.length; length++) decode(sample.subarray(0, length))
  })

  it('never throws on an input with bytes changed, put in or taken out', () => {
    const change = fc.tuple(fc.nat({ max: sample.length }), fc.nat({ max: 4 }), bytes({ maxLength: 4 }))
    check(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let input = Buffer.from(sample)
      for (const [at, removed, added] of changes) {
        input = Buffer.concat([input.subarray(0, at), added, input.subarray(at + removed)])
      }
      decode(input)
    })
  })
})
