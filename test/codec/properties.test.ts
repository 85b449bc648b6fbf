import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  certificateFromWire,
  decodeBlockBody,
  decodeFinality,
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
import { decodeFrame, encodeFrame, type Frame, type Status } from '../../src/codec/frame.js'
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
import { decodeWire, wire } from '../../src/codec/wire.js'
import type { Certificate, FinalityCertificate, Message, PreparedCertificate, StopData } from '../../src/types/index.js'
import { plain } from '../support/plain.js'
import { CONTEXT, encodedTransaction, NETWORK_ID, sha256, signed } from './samples.js'

const count = fc.maxSafeNat()
const u32 = fc.nat({ max: 0xffff_ffff })
const bytes = (constraints?: fc.IntArrayConstraints) => fc.uint8Array(constraints)
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const digest = fixed(32).map((value) => Buffer.from(value).toString('hex'))
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)
const text = fc.string({ unit: 'grapheme', maxLength: 100 })

const signedByQuorum = {
  view: u32,
  cid: count,
  regency: count,
  digest,
  signatures: fc.array(fc.record({ replica: u32, signature: fixed(64) }), { maxLength: 7 }),
}
const prepared: fc.Arbitrary<PreparedCertificate> = fc.record({ kind: fc.constant('write'), ...signedByQuorum })
const finality: fc.Arbitrary<FinalityCertificate> = fc.record({
  kind: fc.constant('accept'),
  ...signedByQuorum,
  header: digest,
})
const certificate: fc.Arbitrary<Certificate> = fc.oneof(prepared, finality)
const proofs = fc.array(certificate, { maxLength: 3 })
const regency = count.map((number) => number || 1)

const value = fc
  .tuple(count, fc.uniqueArray(digest, { maxLength: 5 }))
  .map(([timestampMs, batches]) => makeValue(sha256, timestampMs, batches))

const stopData: fc.Arbitrary<StopData> = fc.record({
  kind: fc.constant('stop-data'),
  regency: count,
  base: fc.record({ height: count, regency: count, digest, header: digest }),
  locks: fc.array(fc.record({ cid: count, regency: count, digest }), { maxLength: 3 }),
})

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), cid: count, regency, digest }),
  fc.record({ kind: fc.constant('accept' as const), cid: count, regency, digest, header: digest }),
  fc.record({ kind: fc.constant('propose' as const), cid: count, regency: count, value }),
  fc.record({
    kind: fc.constant('stop' as const),
    regency: count,
    reason: fc.constantFrom('wish' as const, 'barred' as const, 'resign' as const),
    start: count,
    number: count,
  }),
  stopData,
  fc.record({
    kind: fc.constant('sync' as const),
    regency: count,
    stopData: fc.array(
      stopData.map((nested) => signed(2, nested)),
      { maxLength: 2 },
    ),
    proofs,
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

const status: fc.Arbitrary<Status> = fc
  .record(
    {
      view: u32,
      regency: count,
      asked: count,
      executed: count,
      finalized: count,
      silent: fc.constantFrom('barred' as const, 'lost' as const, 'following' as const),
      silentUntil: count,
      awaitsSync: fc.boolean(),
      lanes: fc.array(fc.record({ lane: u32, incarnation: count, number: count }), { maxLength: 4 }),
      roundTripMs: u32,
      oldest: count,
      snapshot: count,
      finality,
      ping: regency,
    },
    {
      requiredKeys: [
        ...(['view', 'regency', 'asked', 'executed', 'finalized', 'silentUntil', 'awaitsSync', 'lanes'] as const),
        ...(['roundTripMs', 'oldest', 'snapshot'] as const),
      ],
    },
  )
  .map((one) => (one.finality === undefined ? one : { ...one, finalized: one.finality.cid }) as Status)

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
    status,
  }),
  fc.record({ kind: fc.constant('certificate' as const), certificate }),
  fc.record({ kind: fc.constant('installation' as const), stops: fc.array(bytes(), { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('evidence' as const), first: bytes(), second: bytes() }),
  fc.record({ kind: fc.constant('pong' as const), ping: regency }),
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
        fc.record({ sealed, body: bytes(), certificate: finality }, { requiredKeys: ['sealed', 'body'] }),
        { maxLength: 2 },
      ),
    }),
  }),
)

const logRecord: fc.Arbitrary<LogRecord> = fc.oneof(
  fc.record({ kind: fc.constant('batch' as const), bytes: bytes({ minLength: 1 }) }),
  fc.record({ kind: fc.constant('view' as const), view: fc.nat({ max: 0xffff_fffe }) }),
  fc.record({ kind: fc.constantFrom('regency' as const, 'stop' as const), regency }),
  fc.record({ kind: fc.constant('accept' as const), prepared, value: bytes(), header: digest }),
  fc.record(
    { kind: fc.constant('lost' as const), bounds: fc.record({ view: u32, height: count, regency: count }) },
    { requiredKeys: ['kind'] },
  ),
  fc.record({
    kind: fc.constant('mark' as const),
    regency: count,
    writes: fc.array(fc.record({ cid: count, digest }), { maxLength: 4 }),
    proposed: count,
    synced: fc.boolean(),
  }),
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
    check(fc.tuple(u32, count, regency, u32, fixed(64)), ([lane, incarnation, number, view, signature]) => {
      const transactions = [encodedTransaction('vouched'), encodedTransaction('vouched')]
      const body = encodeBatchBody(lane, { incarnation, number }, transactions)
      const decoded = decodeBatch(CONTEXT, encodeBatch(body, view, signature))
      if (isRefused(decoded)) expect.fail(decoded.detail)
      expect(decoded).toMatchObject({ view, batch: { lane, incarnation, number } })
      expect(decoded.batch.transactions.map((one) => plain(one.bytes))).toEqual(transactions.map(plain))
    })
  })

  it('consensus messages', () => {
    check(message, (sent) => {
      const { bytes, signature } = signed(3, sent)
      const carried = decodeEnvelope(CONTEXT, bytes)
      expect(plain(carried?.signed)).toEqual(plain({ sender: 3, view: 1, message: sent, signature, bytes }))
    })
    check(fc.tuple(stopData, proofs), ([sent, beside]) => {
      const one = signed(3, sent, beside)
      expect(plain(decodeEnvelope(CONTEXT, one.bytes)?.signed)).toEqual(plain(one))
    })
  })

  it('frames', () => {
    check(frame, (sent) => expect(plain(decodeFrame(sha256, encodeFrame(sent)))).toEqual(plain(sent)))
  })

  it('records of the log', () => {
    check(logRecord, (kept) => expect(plain(decodeLogRecord(encodeLogRecord(kept)))).toEqual(plain(kept)))
  })

  it('headers, values, receipts, certificates and bodies', () => {
    check(sealed, (one) => expect(plain(decodeHeader(sha256, one.bytes))).toEqual(plain(one)))
    check(value, (one) => expect(plain(decodeValue(sha256, one.bytes))).toEqual(plain(one)))
    check(receipt, (one) => expect(plain(decodeReceipt(encodeReceipt(one)))).toEqual(plain(one)))
    check(certificate, (one) => {
      const encoded = encodeCertificate(one)
      expect(plain(certificateFromWire(decodeWire(wire.Certificate, encoded)))).toEqual(plain(one))
      expect(plain(decodeFinality(encoded))).toEqual(one.kind === 'accept' ? plain(one) : undefined)
    })
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
          finality: fc.record({ headers: fc.array(sealed, { maxLength: 2 }), certificate: finality }),
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
    const above = fc.array(sealed, { maxLength: 2 })
    const counts = fc.tuple(u32, u32, count)
    check(
      fc.tuple(receipt, timed, above, signatures, path, counts),
      ([one, top, headers, signers, siblings, numbers]) => {
        const [index, view, regency] = numbers
        const last = headers.at(-1) ?? top
        const proven = {
          receipt: one,
          receiptBytes: encodeReceipt(one),
          index,
          path: siblings,
          sealed: top,
          finality: {
            headers,
            certificate: {
              kind: 'accept' as const,
              view,
              cid: last.header.height,
              regency,
              digest: last.header.value,
              header: last.hash,
              signatures: signers,
            },
          },
        }
        const file = formatProvenReceipt(NETWORK_ID, proven)
        expect(plain(parseProvenReceipt(sha256, NETWORK_ID, file))).toEqual(plain(proven))
        expect(parseProvenReceipt(sha256, sha256(NETWORK_ID), file)).toBeUndefined()
      },
    )
  })
})
