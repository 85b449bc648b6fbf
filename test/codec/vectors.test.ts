import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.js'
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
  viewHash,
} from '../../src/codec/block.js'
import {
  decodeChannelAnswer,
  decodeChannelRequest,
  encodeChannelAnswer,
  encodeChannelRequest,
} from '../../src/codec/channel.js'
import { decodeEnvelope, encodeMessageBody, messageStatement } from '../../src/codec/consensus.js'
import { decodeFrame, encodeFrame, type Frame, type Status } from '../../src/codec/frame.js'
import { genesisView, networkIdOf } from '../../src/codec/genesis.js'
import { formatProvenReceipt, parseProvenReceipt } from '../../src/codec/proven-receipt.js'
import { bodyDigest, statementBytes, transactionId, transactionStatement } from '../../src/codec/statements.js'
import { decodeBatch, decodeTransaction, encodeTransactionBody, isRefused } from '../../src/codec/transaction.js'
import { decodeLogRecord, encodeLogRecord, type LogRecord } from '../../src/codec/wal.js'
import { decodeWire, wire } from '../../src/codec/wire.js'
import type { Message } from '../../src/types/index.js'
import { plain } from '../support/plain.js'
import {
  ABOVE,
  BATCH,
  BATCH_DIGEST,
  CONTEXT,
  ED25519,
  EMPTY_VALUE,
  encodedTransaction,
  finality,
  GENESIS,
  MESSAGES,
  NETWORK_ID,
  P256,
  PROOFS,
  prepared,
  RECEIPTS,
  RECORD,
  SEALED,
  STOP_DATA,
  sha256,
  signed,
  TRANSACTION_FIELDS,
  UNCERTIFIED,
  utf8,
  VALUE,
} from './samples.js'

type Vectors = Record<string, string>

/** See test/vectors/codec/README.md: never set this to make a test pass. */
const REWRITE = process.env.ETALON_REWRITE_VECTORS === 'yes'

/** Compares what the code gives with the committed bytes, by name; no vector is left out and none is left over. */
function compare(file: string, actual: Vectors): void {
  const url = new URL(`../vectors/codec/${file}`, import.meta.url)
  if (REWRITE) writeFileSync(url, `${JSON.stringify(actual, undefined, 2)}\n`)
  expect(actual).toEqual(JSON.parse(readFileSync(url, 'utf8')))
}

const hexOf = (encoded: Readonly<Record<string, Uint8Array>>): Vectors =>
  Object.fromEntries(Object.entries(encoded).map(([name, bytes]) => [name, toHex(bytes)]))

const CERTIFICATES = {
  prepared: prepared(42, 3, VALUE.digest),
  finality: finality(42, 3, VALUE.digest, SEALED.hash),
}

const STATUS: Status = {
  view: 1,
  regency: 3,
  asked: 4,
  executed: 44,
  finalized: 42,
  silent: 'barred',
  silentUntil: 58,
  awaitsSync: true,
  lanes: [
    { lane: 0, incarnation: 1, number: 12 },
    { lane: 3, incarnation: 1_764_000_000_000, number: 1 },
  ],
  roundTripMs: 37,
  oldest: 7,
  snapshot: 40,
  finality: CERTIFICATES.finality,
  ping: 1_000_123,
}
const AT_THE_BEGINNING: Status = {
  ...{ view: 0, regency: 1, asked: 1, executed: 0, finalized: 0, silentUntil: 0, awaitsSync: false, lanes: [] },
  ...{ roundTripMs: 0, oldest: 0, snapshot: 0 },
}
const FETCH = { batches: [BATCH_DIGEST], values: [VALUE.digest], fromHeight: 43, toHeight: 50 }
const STOPS = [0, 1, 2].map((sender) => signed(sender, MESSAGES.stop ?? expect.fail()).bytes)
const WRITE = MESSAGES.write ?? expect.fail()

const FRAMES: Readonly<Record<string, Frame>> = {
  envelope: { kind: 'envelope', bytes: signed(1, WRITE).bytes },
  batch: { kind: 'batch', bytes: BATCH },
  status: { kind: 'status', status: STATUS },
  'status of a replica that lost its disk': { kind: 'status', status: { ...STATUS, silent: 'lost', silentUntil: 0 } },
  'status of a replica that follows': { kind: 'status', status: { ...AT_THE_BEGINNING, silent: 'following' } },
  'status at the beginning': { kind: 'status', status: AT_THE_BEGINNING },
  fetch: { kind: 'fetch', request: FETCH },
  reply: { kind: 'reply', reply: { batches: [BATCH], values: [VALUE.bytes], blocks: [RECORD, UNCERTIFIED] } },
  'prepared certificate': { kind: 'certificate', certificate: CERTIFICATES.prepared },
  'certificate of finality': { kind: 'certificate', certificate: CERTIFICATES.finality },
  installation: { kind: 'installation', stops: STOPS },
  evidence: {
    kind: 'evidence',
    first: signed(1, WRITE).bytes,
    second: signed(1, { ...WRITE, digest: EMPTY_VALUE.digest } as Message).bytes,
  },
  pong: { kind: 'pong', ping: 1_000_123 },
}

const RECORDS: Readonly<Record<string, LogRecord>> = {
  batch: { kind: 'batch', bytes: BATCH },
  'view of the genesis': { kind: 'view', view: 0 },
  view: { kind: 'view', view: 1 },
  regency: { kind: 'regency', regency: 3 },
  stop: { kind: 'stop', regency: 4 },
  accept: { kind: 'accept', prepared: CERTIFICATES.prepared, value: VALUE.bytes, header: SEALED.hash },
  'lost disk': { kind: 'lost' },
  'lost disk, bounded': { kind: 'lost', bounds: { view: 1, height: 42, regency: 3 } },
  'lost disk, bounded at the beginning': { kind: 'lost', bounds: { view: 0, height: 0, regency: 0 } },
  mark: {
    kind: 'mark',
    regency: 3,
    writes: [
      { cid: 43, digest: VALUE.digest },
      { cid: 44, digest: EMPTY_VALUE.digest },
    ],
    proposed: 44,
    synced: true,
  },
  'mark where nothing was said': { kind: 'mark', regency: 1, writes: [], proposed: 0, synced: false },
}

const SUBMISSIONS = [
  { ref: 0, transaction: encodedTransaction('ed25519') },
  { ref: 4_294_967_295, transaction: encodedTransaction('vouched') },
]

const ANSWER = {
  blocks: [
    {
      sealed: SEALED,
      finality: { headers: [], certificate: CERTIFICATES.finality },
      receipts: [
        { ref: 7, index: 2, receipt: encodeReceipt(RECEIPTS.done ?? expect.fail()), path: [sha256(utf8('a'))] },
      ],
    },
    {
      sealed: SEALED,
      finality: { headers: [ABOVE], certificate: finality(43, 3, VALUE.digest, ABOVE.hash) },
      receipts: [],
    },
  ],
  refusals: [{ ref: 8, code: 'replica/busy', detail: 'too many', retryAfterMs: 250 }],
}

describe('the wire format, byte for byte', () => {
  it('transactions, batches and values', () => {
    const bodies = Object.entries(TRANSACTION_FIELDS).map(
      ([kind, fields]) => [`body of a transaction, ${kind}`, encodeTransactionBody(NETWORK_ID, fields)] as const,
    )
    const transactions = (['ed25519', 'p256', 'vouched'] as const).map(
      (kind) => [`transaction, ${kind}`, encodedTransaction(kind)] as const,
    )
    compare('transactions.json', hexOf({ ...Object.fromEntries([...bodies, ...transactions]), batch: BATCH }))
    for (const kind of ['ed25519', 'p256', 'vouched'] as const) {
      const { nonce: _, ...fields } = TRANSACTION_FIELDS[kind]
      expect(plain(decodeTransaction(CONTEXT, encodedTransaction(kind)))).toMatchObject(plain(fields) as object)
    }
    const batch = decodeBatch(CONTEXT, BATCH)
    if (isRefused(batch)) expect.fail(batch.detail)
    expect(batch).toMatchObject({
      view: 1,
      batch: { lane: 2, incarnation: 3, number: 1_764_000_000_000_007, digest: BATCH_DIGEST },
    })
    expect(batch.batch.transactions.map(({ authentication }) => authentication.mode)).toEqual([
      'signed',
      'signed',
      'vouched',
    ])
  })

  it('every consensus message, in its signed envelope', () => {
    const envelopes = Object.entries(MESSAGES).map(([name, message]) => [name, signed(1, message).bytes] as const)
    compare('messages.json', hexOf(Object.fromEntries(envelopes)))
    for (const [name, bytes] of envelopes) {
      const carried = decodeEnvelope(CONTEXT, bytes)
      expect(plain(carried?.signed.message), name).toEqual(plain(MESSAGES[name]))
      expect(plain(carried?.signed.signature)).toEqual(plain(signed(1, MESSAGES[name] ?? expect.fail()).signature))
    }
  })

  it('certificates beside a STOPDATA, which its signature does not cover and a SYNC leaves out', () => {
    const [bare, proven] = [signed(1, STOP_DATA), signed(1, STOP_DATA, PROOFS)]
    compare('proofs.json', hexOf({ 'stop-data with proofs': proven.bytes }))
    const carried = decodeEnvelope(CONTEXT, proven.bytes)
    expect(plain(carried?.signed)).toEqual(plain(proven))
    expect(plain(carried?.statement)).toEqual(plain(decodeEnvelope(CONTEXT, bare.bytes)?.statement))
    expect(plain(proven.signature)).toEqual(plain(bare.signature))
    const sync = (one: typeof bare) =>
      plain(encodeMessageBody({ kind: 'sync', regency: 5, stopData: [one], proofs: PROOFS }))
    expect(sync(proven)).toEqual(sync(bare))
  })

  it('every frame between replicas', () => {
    const frames = Object.entries(FRAMES).map(([name, frame]) => [name, encodeFrame(frame)] as const)
    compare('frames.json', hexOf(Object.fromEntries(frames)))
    for (const [name, bytes] of frames) expect(plain(decodeFrame(sha256, bytes)), name).toEqual(plain(FRAMES[name]))
  })

  it('headers, receipts, certificates and bodies of blocks', () => {
    const body = encodeBlockBody(VALUE.bytes, [BATCH])
    compare(
      'blocks.json',
      hexOf({
        header: SEALED.bytes,
        value: VALUE.bytes,
        'empty value': EMPTY_VALUE.bytes,
        'receipt, done': encodeReceipt(RECEIPTS.done ?? expect.fail()),
        'receipt, refused': encodeReceipt(RECEIPTS.refused ?? expect.fail()),
        'certificate, prepared': encodeCertificate(CERTIFICATES.prepared),
        'certificate, finality': encodeCertificate(CERTIFICATES.finality),
        body,
      }),
    )
    expect(plain(decodeHeader(sha256, SEALED.bytes))).toEqual(plain(SEALED))
    expect(plain(decodeValue(sha256, VALUE.bytes))).toEqual(plain(VALUE))
    expect(plain(decodeValue(sha256, EMPTY_VALUE.bytes))).toEqual(plain(EMPTY_VALUE))
    for (const receipt of Object.values(RECEIPTS))
      expect(plain(decodeReceipt(encodeReceipt(receipt)))).toEqual(plain(receipt))
    for (const one of Object.values(CERTIFICATES)) {
      expect(plain(certificateFromWire(decodeWire(wire.Certificate, encodeCertificate(one))))).toEqual(plain(one))
    }
    expect(plain(decodeFinality(encodeCertificate(CERTIFICATES.finality)))).toEqual(plain(CERTIFICATES.finality))
    expect(decodeFinality(encodeCertificate(CERTIFICATES.prepared))).toBeUndefined()
    expect(plain(decodeBlockBody(body))).toMatchObject(plain({ value: VALUE.bytes, batches: [BATCH] }) as object)
  })

  it('every record of the write-ahead log', () => {
    const records = Object.entries(RECORDS).map(([name, record]) => [name, encodeLogRecord(record)] as const)
    compare('log-records.json', hexOf(Object.fromEntries(records)))
    for (const [name, bytes] of records) expect(plain(decodeLogRecord(bytes)), name).toEqual(plain(RECORDS[name]))
  })

  it('the messages of the channel', () => {
    const request = encodeChannelRequest(SUBMISSIONS)
    const answer = encodeChannelAnswer(ANSWER)
    compare(
      'channel.json',
      hexOf({ request, answer, 'empty answer': encodeChannelAnswer({ blocks: [], refusals: [] }) }),
    )
    expect(plain(decodeChannelRequest(request))).toEqual(plain(SUBMISSIONS))
    expect(plain(decodeChannelAnswer(sha256, answer))).toEqual(plain(ANSWER))
  })
})

describe('what is signed and hashed, byte for byte', () => {
  it('statements', () => {
    const bodies = Object.entries(TRANSACTION_FIELDS).map(([kind, fields]) => {
      const id = transactionId(sha256, NETWORK_ID, encodeTransactionBody(NETWORK_ID, fields))
      return [`transaction, ${kind}`, transactionStatement(id)] as const
    })
    const messages = Object.entries(MESSAGES).map(
      ([name, message]) => [name, messageStatement(CONTEXT, 1, message, encodeMessageBody(message))] as const,
    )
    const batch = statementBytes(NETWORK_ID, { view: 1, kind: 'batch', regency: 0, cid: 0, digest: BATCH_DIGEST })
    const largest = statementBytes(NETWORK_ID, {
      view: 4_294_967_295,
      kind: 'accept',
      regency: Number.MAX_SAFE_INTEGER,
      cid: Number.MAX_SAFE_INTEGER,
      digest: 'ff'.repeat(32),
      header: 'ee'.repeat(32),
    })
    compare('statements.json', hexOf({ ...Object.fromEntries([...bodies, ...messages]), batch, largest }))
  })

  it('signatures over statements, which are deterministic', () => {
    const statement = transactionStatement(sha256(utf8('transaction')))
    compare(
      'signatures.json',
      hexOf({
        'Ed25519 public key': fromHex(ED25519.publicKey) ?? expect.fail(),
        'Ed25519 signature': ED25519.sign(statement) as Uint8Array,
        'P-256 public key': fromHex(P256.publicKey) ?? expect.fail(),
        'P-256 signature': P256.sign(statement) as Uint8Array,
        'WRITE of replica 1': signed(1, MESSAGES.write ?? expect.fail()).signature,
      }),
    )
  })

  it('digests', () => {
    compare('digests.json', {
      network: toHex(networkIdOf(sha256, GENESIS)),
      view: toHex(viewHash(sha256, genesisView(GENESIS))),
      transaction: toHex(transactionId(sha256, NETWORK_ID, encodeTransactionBody(NETWORK_ID, TRANSACTION_FIELDS.p256))),
      batch: BATCH_DIGEST,
      value: VALUE.digest,
      'empty value': EMPTY_VALUE.digest,
      header: SEALED.hash,
      'body of a STOPDATA': bodyDigest(sha256, encodeMessageBody(STOP_DATA)),
    })
  })

  it('the receipt file', () => {
    const receipt = RECEIPTS.done ?? expect.fail()
    const proven = {
      receipt,
      receiptBytes: encodeReceipt(receipt),
      index: 2,
      path: [sha256(utf8('a')), sha256(utf8('b'))],
      sealed: SEALED,
      finality: { headers: [], certificate: CERTIFICATES.finality },
    }
    const above = { headers: [ABOVE], certificate: finality(43, 3, VALUE.digest, ABOVE.hash) }
    const texts = {
      text: formatProvenReceipt(NETWORK_ID, proven),
      'proven by the block above': formatProvenReceipt(NETWORK_ID, { ...proven, finality: above }),
    }
    compare('receipt-file.json', texts)
    expect(plain(parseProvenReceipt(sha256, NETWORK_ID, texts['proven by the block above'])?.finality)).toEqual(
      plain(above),
    )
  })
})
