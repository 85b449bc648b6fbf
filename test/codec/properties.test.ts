import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeBlockBody,
  decodeCertificate,
  decodeHeader,
  decodeReceipt,
  decodeValue,
  encodeBlockBody,
  encodeCertificate,
  encodeReceipt,
  makeValue,
  sealHeader,
} from '../../src/codec/block.js'
import {
  decodeChannelAnswer,
  decodeChannelRequest,
  encodeChannelAnswer,
  encodeChannelRequest,
} from '../../src/codec/channel.js'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { decodeFrame, encodeFrame, type Frame } from '../../src/codec/frame.js'
import { formatProvenReceipt, parseProvenReceipt } from '../../src/codec/proven-receipt.js'
import {
  decodeBatch,
  decodeTransaction,
  encodeBatch,
  encodeBatchBody,
  encodeTransaction,
  encodeTransactionBody,
  isRefused,
  type TransactionFields,
} from '../../src/codec/transaction.js'
import { decodeLogRecord, encodeLogRecord, type LogRecord } from '../../src/codec/wal.js'
import type { Certificate, Message, StopData, VoteKind } from '../../src/types/index.js'
import { plain } from '../support/plain.js'
import { BATCH, CONTEXT, encodedTransaction, MESSAGES, NETWORK_ID, RECORD, sha256, signed } from './samples.js'

const count = fc.maxSafeNat()
const u32 = fc.nat({ max: 0xffff_ffff })
const bytes = (constraints?: fc.IntArrayConstraints) => fc.uint8Array(constraints)
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const digest = fixed(32).map((value) => Buffer.from(value).toString('hex'))
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)
const text = fc.string({ unit: 'grapheme', maxLength: 100 })

function certificate<K extends VoteKind>(kind: K): fc.Arbitrary<Certificate<K>> {
  const signatures = fc.array(fc.record({ replica: u32, signature: fixed(64) }), { maxLength: 7 })
  const regency = kind === 'persist' ? fc.constant(0) : count
  return fc.record({ kind: fc.constant(kind), view: u32, cid: count, regency, digest, signatures })
}

const value = fc
  .tuple(count, fc.uniqueArray(digest, { maxLength: 5 }))
  .map(([timestampMs, batches]) => makeValue(sha256, timestampMs, batches))

const stopData: fc.Arbitrary<StopData> = fc.record(
  {
    kind: fc.constant('stop-data' as const),
    regency: count,
    finalized: count,
    finality: certificate('persist'),
    prepared: fc.array(certificate('write'), { maxLength: 3 }),
  },
  { requiredKeys: ['kind', 'regency', 'finalized', 'prepared'] },
)

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), cid: count, regency: fc.maxSafeNat().map((r) => r || 1), digest }),
  fc.record({ kind: fc.constant('accept' as const), cid: count, regency: fc.maxSafeNat().map((r) => r || 1), digest }),
  fc.record({ kind: fc.constant('persist' as const), cid: count, regency: fc.constant(0), digest }),
  fc.record({ kind: fc.constant('propose' as const), cid: count, regency: count, value }),
  fc.record({ kind: fc.constant('stop' as const), regency: count, pending: fc.array(digest, { maxLength: 5 }) }),
  stopData,
  fc.record({
    kind: fc.constant('sync' as const),
    regency: count,
    stopData: fc.array(
      stopData.map((nested) => signed(2, nested)),
      { maxLength: 2 },
    ),
  }),
)

const header = fc.record({
  height: count,
  previous: digest,
  value: digest,
  transactionRoot: digest,
  receiptRoot: digest,
  stateRoot: digest,
  timeMs: count,
  view: digest,
  contracts: digest,
  transactions: u32,
})
const sealed = header.map((fields) => sealHeader(sha256, fields))

const receipt = fc.record({
  transaction: digest,
  status: fc.constantFrom('done' as const, 'refused' as const),
  code: text,
  detail: text,
  result: bytes(),
  events: fc.array(fc.record({ name: text, data: bytes() }), { maxLength: 3 }),
})

const transaction: fc.Arbitrary<TransactionFields> = fc.record({
  organization: name,
  authentication: fc.oneof(
    fc.record({ mode: fc.constant('vouched' as const), client: name }),
    fc.record({ mode: fc.constant('signed' as const), keyType: fc.constant('ed25519' as const), publicKey: digest }),
    fc.record({
      mode: fc.constant('signed' as const),
      keyType: fc.constant('p256' as const),
      publicKey: digest.map((hex) => `02${hex}`),
    }),
  ),
  contract: name,
  method: fc.string({ minLength: 1, maxLength: 64 }),
  args: bytes({ maxLength: 200 }),
  validUntilMs: count,
  nonce: bytes({ minLength: 8, maxLength: 32 }),
})

const path = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 64 })

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('snapshot-request' as const),
    request: fc.record({
      height: count,
      manifest: fc.boolean(),
      chunks: fc.array(path, { maxLength: 5 }),
      fromHeight: count,
      toHeight: count,
    }),
  }),
  fc.record({
    kind: fc.constant('snapshot-reply' as const),
    reply: fc.record({
      height: count,
      manifest: bytes(),
      chunks: fc.array(bytes(), { maxLength: 3 }),
      blocks: fc.array(bytes(), { maxLength: 3 }),
    }),
  }),
  fc.record({ kind: fc.constant('envelope' as const), bytes: bytes({ minLength: 1 }) }),
  fc.record({ kind: fc.constant('batch' as const), bytes: bytes({ minLength: 1 }) }),
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.record({
      view: u32,
      regency: count,
      decided: count,
      executed: count,
      finalized: count,
      oldest: count,
      snapshot: count,
    }),
  }),
  fc.record({
    kind: fc.constant('fetch' as const),
    request: fc.record({
      batches: fc.array(digest, { maxLength: 5 }),
      values: fc.array(digest, { maxLength: 5 }),
      fromHeight: count,
      toHeight: count,
    }),
  }),
  fc.record({
    kind: fc.constant('reply' as const),
    reply: fc.record({
      batches: fc.array(bytes(), { maxLength: 3 }),
      values: fc.array(bytes(), { maxLength: 3 }),
      blocks: fc.array(
        fc.record(
          { sealed, body: bytes(), decision: certificate('accept'), finality: certificate('persist') },
          { requiredKeys: ['sealed', 'body', 'decision'] },
        ),
        { maxLength: 2 },
      ),
    }),
  }),
)

const logRecord: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record({ kind: fc.constant('batch' as const), bytes: bytes({ minLength: 1 }) }),
  fc.record({ kind: fc.constant('write' as const), cid: count, regency: count, digest, value: bytes() }),
  fc.record({ kind: fc.constant('accept' as const), prepared: certificate('write') }),
  fc.record({ kind: fc.constant('stop' as const), regency: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) }),
  fc.record({ kind: fc.constant('stop-data' as const), message: stopData }),
)

function check<T>(arbitrary: fc.Arbitrary<T>, holds: (input: T) => void): void {
  const property = fc.property(arbitrary, (input) => {
    holds(input)
  })
  fc.assert(property, { numRuns: 200 })
}

describe('what was encoded is decoded to the same', () => {
  it('transactions, with an id that covers all but the signature', () => {
    check(fc.tuple(transaction, fixed(64), fixed(64)), ([fields, one, other]) => {
      const body = encodeTransactionBody(NETWORK_ID, fields)
      const none = fields.authentication.mode === 'vouched'
      const decode = (signature: Uint8Array) =>
        decodeTransaction(CONTEXT, encodeTransaction(body, none ? new Uint8Array() : signature))
      const decoded = decode(one)
      if (isRefused(decoded)) expect.fail(decoded.detail)
      const { nonce: _, ...rest } = fields
      expect(plain(decoded)).toMatchObject(plain(rest) as object)
      expect(decode(other)).toMatchObject({ id: decoded.id })
    })
  })

  it('batches', () => {
    check(fc.tuple(u32, count, u32, fixed(64)), ([lane, seq, view, signature]) => {
      const transactions = [encodedTransaction('vouched'), encodedTransaction('vouched')]
      const decoded = decodeBatch(CONTEXT, encodeBatch(encodeBatchBody(lane, seq, transactions), view, signature))
      if (isRefused(decoded)) expect.fail(decoded.detail)
      expect(decoded).toMatchObject({ view, batch: { lane, seq } })
      expect(decoded.batch.transactions.map((one) => plain(one.bytes))).toEqual(transactions.map(plain))
    })
  })

  it('consensus messages', () => {
    check(message, (sent) => {
      const { bytes, signature } = signed(3, sent)
      const carried = decodeEnvelope(CONTEXT, bytes)
      expect(plain(carried?.signed)).toEqual(plain({ sender: 3, view: 1, message: sent, signature, bytes }))
    })
  })

  it('frames', () => {
    check(frame, (sent) => expect(plain(decodeFrame(sha256, encodeFrame(sent)))).toEqual(plain(sent)))
  })

  it('records of the log', () => {
    check(logRecord, (kept) => expect(plain(decodeLogRecord(CONTEXT, encodeLogRecord(kept)))).toEqual(plain(kept)))
  })

  it('headers, values, receipts, certificates and bodies', () => {
    check(sealed, (one) => expect(plain(decodeHeader(sha256, one.bytes))).toEqual(plain(one)))
    check(value, (one) => expect(plain(decodeValue(sha256, one.bytes))).toEqual(plain(one)))
    check(receipt, (one) => expect(plain(decodeReceipt(encodeReceipt(one)))).toEqual(plain(one)))
    for (const kind of ['write', 'accept', 'persist'] as const) {
      check(certificate(kind), (one) => {
        expect(plain(decodeCertificate(encodeCertificate(one), kind))).toEqual(plain(one))
        const other = kind === 'write' ? 'accept' : 'write'
        expect(decodeCertificate(encodeCertificate(one), other)).toBeUndefined()
      })
    }
    check(fc.tuple(bytes(), fc.array(bytes(), { maxLength: 3 })), ([carried, batches]) => {
      const decoded = decodeBlockBody(encodeBlockBody(carried, batches))
      expect(plain(decoded?.value)).toBe(plain(carried))
      expect(plain(decoded?.batches)).toEqual(batches.map(plain))
    })
  })

  it('messages of the channel', () => {
    const submissions = fc.array(fc.record({ ref: u32, transaction: bytes() }), { maxLength: 5 })
    check(submissions, (one) => expect(plain(decodeChannelRequest(encodeChannelRequest(one)))).toEqual(plain(one)))
    const answer = fc.record({
      blocks: fc.array(
        fc.record({
          sealed,
          certificate: certificate('persist'),
          receipts: fc.array(
            fc.record({ ref: u32, index: u32, receipt: bytes(), path: fc.array(fixed(32), { maxLength: 3 }) }),
            { maxLength: 3 },
          ),
        }),
        { maxLength: 2 },
      ),
      refusals: fc.array(fc.record({ ref: u32, code: text, detail: text, retryAfterMs: u32 }), { maxLength: 3 }),
    })
    check(answer, (one) => expect(plain(decodeChannelAnswer(sha256, encodeChannelAnswer(one)))).toEqual(plain(one)))
  })

  it('receipt files', () => {
    // A header's time becomes a date, which ends with the year 275760.
    const timed = header.map((fields) => sealHeader(sha256, { ...fields, timeMs: fields.timeMs % 8.64e15 }))
    const signatures = fc.array(fc.record({ replica: u32, signature: fixed(64) }), { maxLength: 4 })
    const path = fc.array(fixed(32), { maxLength: 4 })
    check(fc.tuple(receipt, timed, signatures, path, u32, u32), ([one, top, signers, siblings, index, view]) => {
      const proven = {
        receipt: one,
        receiptBytes: encodeReceipt(one),
        index,
        path: siblings,
        sealed: top,
        certificate: {
          kind: 'persist' as const,
          view,
          cid: top.header.height,
          regency: 0,
          digest: top.hash,
          signatures: signers,
        },
      }
      const file = formatProvenReceipt(NETWORK_ID, proven)
      expect(plain(parseProvenReceipt(sha256, NETWORK_ID, file))).toEqual(plain(proven))
      expect(parseProvenReceipt(sha256, sha256(NETWORK_ID), file)).toBeUndefined()
    })
  })
})

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
    what: 'log record',
    decode: (input) => decodeLogRecord(CONTEXT, input),
    sample: encodeLogRecord({ kind: 'accept', prepared: RECORD.decision as unknown as Certificate<'write'> }),
  },
  { what: 'header', decode: (input) => decodeHeader(sha256, input), sample: RECORD.sealed.bytes },
  {
    what: 'value',
    decode: (input) => decodeValue(sha256, input),
    sample: makeValue(sha256, 1, ['ab'.repeat(32)]).bytes,
  },
  {
    what: 'certificate',
    decode: (input) => decodeCertificate(input, 'accept'),
    sample: encodeCertificate(RECORD.decision),
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
      blocks: [{ sealed: RECORD.sealed, certificate: RECORD.finality ?? expect.fail(), receipts: [] }],
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
