import { describe, expect, it } from 'vitest'
import { decodeCertificate, decodeValue, encodeCertificate, makeValue } from '../../src/codec/block.js'
import { CHANNEL_SUBMISSIONS_MAX, decodeChannelRequest, encodeChannelRequest } from '../../src/codec/channel.js'
import { decodeEnvelope, encodeEnvelope } from '../../src/codec/consensus.js'
import {
  decodeFrame,
  encodeFrame,
  type FetchReply,
  type FetchRequest,
  type SnapshotReply,
  type SnapshotRequest,
} from '../../src/codec/frame.js'
import { decodeManifest, encodeManifest } from '../../src/codec/snapshot.js'
import {
  decodeBatch,
  decodeTransaction,
  encodeBatch,
  encodeBatchBody,
  encodeTransaction,
  encodeTransactionBody,
  type TransactionFields,
} from '../../src/codec/transaction.js'
import { LIMITS } from '../../src/types/index.js'
import {
  CONTEXT,
  certificate,
  digestOf,
  encodedTransaction,
  NETWORK_ID,
  RECORD,
  sha256,
  signed,
  TRANSACTION_FIELDS,
} from './samples.js'

const many = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i))
const NO_SIGNATURE = new Uint8Array()

/** Code of the refusal of a vouched transaction with some fields changed, or `taken`. */
function outcome(changes: Partial<TransactionFields>, signature: Uint8Array = NO_SIGNATURE): string {
  const body = encodeTransactionBody(NETWORK_ID, { ...TRANSACTION_FIELDS.vouched, ...changes })
  const decoded = decodeTransaction(CONTEXT, encodeTransaction(body, signature))
  return 'refused' in decoded ? decoded.refused : 'taken'
}

describe('the bounds of a transaction', () => {
  it('arguments', () => {
    expect(outcome({ args: new Uint8Array(LIMITS.argsBytesMax) })).toBe('taken')
    expect(outcome({ args: new Uint8Array(LIMITS.argsBytesMax + 1) })).toBe('transaction/malformed')
  })

  it('the whole', () => {
    expect(outcome({ args: new Uint8Array(LIMITS.transactionBytesMax) })).toBe('transaction/too-large')
    expect(decodeTransaction(CONTEXT, new Uint8Array(LIMITS.transactionBytesMax + 1))).toMatchObject({
      refused: 'transaction/too-large',
    })
  })

  it('the nonce', () => {
    for (const length of [LIMITS.nonceBytesMin, LIMITS.nonceBytesMax]) {
      expect(outcome({ nonce: new Uint8Array(length) })).toBe('taken')
    }
    for (const length of [0, LIMITS.nonceBytesMin - 1, LIMITS.nonceBytesMax + 1]) {
      expect(outcome({ nonce: new Uint8Array(length) })).toBe('transaction/malformed')
    }
  })

  it.each(['organization', 'contract', 'client'] as const)('the name of a %s', (field) => {
    const named = (name: string) =>
      outcome(field === 'client' ? { authentication: { mode: 'vouched', client: name } } : { [field]: name })
    for (const name of ['a', '0', 'a'.repeat(LIMITS.nameLengthMax), 'a.b_c-d']) expect(named(name)).toBe('taken')
    for (const name of ['', 'a'.repeat(LIMITS.nameLengthMax + 1), 'A', 'a/b', '.a', '-a', 'ä', 'a b', 'a\n', '\0']) {
      expect(named(name), JSON.stringify(name)).toBe('transaction/malformed')
    }
  })

  it('the name of a method', () => {
    expect(outcome({ method: 'm'.repeat(LIMITS.nameLengthMax) })).toBe('taken')
    expect(outcome({ method: '' })).toBe('transaction/malformed')
    expect(outcome({ method: 'm'.repeat(LIMITS.nameLengthMax + 1) })).toBe('transaction/malformed')
  })

  it('keys and signatures have their length and no other, and vouched transactions have neither', () => {
    const { authentication } = TRANSACTION_FIELDS.ed25519
    expect(outcome({ authentication }, new Uint8Array(64))).toBe('taken')
    for (const length of [0, 63, 65]) {
      expect(outcome({ authentication }, new Uint8Array(length))).toBe('transaction/bad-signature')
    }
    for (const publicKey of ['', '00'.repeat(31), '00'.repeat(33)]) {
      const changed = { authentication: { ...authentication, publicKey } }
      expect(outcome(changed, new Uint8Array(64))).toBe('transaction/malformed')
    }
    const p256 = { authentication: { ...TRANSACTION_FIELDS.p256.authentication, publicKey: '02'.repeat(32) } }
    expect(outcome(p256, new Uint8Array(64))).toBe('transaction/malformed')
    expect(outcome({}, new Uint8Array(64))).toBe('transaction/malformed')
  })

  it('times are whole numbers that JavaScript holds exactly', () => {
    expect(outcome({ validUntilMs: Number.MAX_SAFE_INTEGER })).toBe('taken')
    expect(outcome({ validUntilMs: Number.MAX_SAFE_INTEGER + 1 })).toBe('transaction/malformed')
  })
})

describe('the bounds of a batch', () => {
  const batch = (transactions: readonly Uint8Array[], seq = 1) =>
    decodeBatch(CONTEXT, encodeBatch(encodeBatchBody(0, seq, transactions), 0, new Uint8Array(64)))
  const small = encodedTransaction('vouched')

  it('1 to 512 transactions', () => {
    expect(batch(many(LIMITS.batchTransactionsMax, () => small))).toHaveProperty('batch')
    expect(batch(many(LIMITS.batchTransactionsMax + 1, () => small))).toMatchObject({ refused: 'batch/malformed' })
    expect(batch([])).toMatchObject({ refused: 'batch/malformed' })
  })

  it('bytes', () => {
    expect(decodeBatch(CONTEXT, new Uint8Array(LIMITS.batchBytesMax + 1))).toMatchObject({ refused: 'batch/too-large' })
    const args = new Uint8Array(LIMITS.argsBytesMax)
    const large = encodeTransaction(
      encodeTransactionBody(NETWORK_ID, { ...TRANSACTION_FIELDS.vouched, args }),
      NO_SIGNATURE,
    )
    expect(batch([large])).toHaveProperty('batch')
    expect(batch(many(11, () => large))).toMatchObject({ refused: 'batch/too-large' })
  })

  it('no transaction in it that would be refused alone', () => {
    const foreign = encodeTransaction(
      encodeTransactionBody(sha256(NETWORK_ID), TRANSACTION_FIELDS.vouched),
      NO_SIGNATURE,
    )
    expect(batch([small, foreign])).toMatchObject({ refused: 'transaction/wrong-network' })
    expect(batch([small, Uint8Array.of(1)])).toMatchObject({ refused: 'transaction/malformed' })
    expect(batch([small], Number.MAX_SAFE_INTEGER + 1)).toMatchObject({ refused: 'batch/malformed' })
  })
})

describe('the bounds of consensus messages', () => {
  it('an envelope', () => {
    const body = new Uint8Array(LIMITS.envelopeBytesMax)
    expect(decodeEnvelope(CONTEXT, encodeEnvelope('stop', 0, 0, body, new Uint8Array(64)))).toBeUndefined()
    const { bytes } = signed(0, { kind: 'stop', regency: 2, pending: [] })
    for (const length of [0, 63, 65]) {
      const other = encodeEnvelope('stop', 0, 0, Uint8Array.of(8, 2), new Uint8Array(length))
      expect(decodeEnvelope(CONTEXT, other)).toBeUndefined()
    }
    expect(decodeEnvelope(CONTEXT, bytes)).toBeDefined()
  })

  it('batches that a value names, each once', () => {
    const digests = (length: number) => many(length, (i) => digestOf(`${i}`))
    const decode = (names: readonly string[]) => decodeValue(sha256, makeValue(sha256, 1, names).bytes)
    expect(decode(digests(LIMITS.valueBatchesMax))).toBeDefined()
    expect(decode(digests(LIMITS.valueBatchesMax + 1))).toBeUndefined()
    expect(decode([digestOf('a'), digestOf('a')])).toBeUndefined()
  })

  it('batches that a STOP names', () => {
    const stop = (length: number) =>
      decodeEnvelope(
        CONTEXT,
        signed(0, { kind: 'stop', regency: 2, pending: many(length, (i) => digestOf(`${i}`)) }).bytes,
      )
    expect(stop(LIMITS.stopPendingMax)).toBeDefined()
    expect(stop(LIMITS.stopPendingMax + 1)).toBeUndefined()
  })

  it('signers of a certificate, and STOPDATA of a SYNC', () => {
    const one = certificate('write', 1, 1, digestOf('value'))
    const signatures = (length: number) => many(length, (replica) => ({ replica, signature: new Uint8Array(64) }))
    const decode = (length: number) =>
      decodeCertificate(encodeCertificate({ ...one, signatures: signatures(length) }), 'write')
    expect(decode(LIMITS.replicasMax)).toBeDefined()
    expect(decode(LIMITS.replicasMax + 1)).toBeUndefined()
    const stopData = signed(0, { kind: 'stop-data', regency: 2, finalized: 0, prepared: [] })
    const sync = (length: number) =>
      decodeEnvelope(CONTEXT, signed(2, { kind: 'sync', regency: 2, stopData: many(length, () => stopData) }).bytes)
    expect(sync(LIMITS.replicasMax)).toBeDefined()
    expect(sync(LIMITS.replicasMax + 1)).toBeUndefined()
  })

  it('a SYNC nests STOPDATA and nothing else, itself least of all', () => {
    const sync = signed(2, { kind: 'sync', regency: 2, stopData: [] })
    const write = signed(2, { kind: 'write', cid: 1, regency: 2, digest: digestOf('value') })
    for (const nested of [sync, write]) {
      const outer = signed(2, { kind: 'sync', regency: 2, stopData: [nested as never] })
      expect(decodeEnvelope(CONTEXT, outer.bytes)).toBeUndefined()
    }
  })

  it('PERSIST has regency 0, and no other vote has', () => {
    const digest = digestOf('value')
    for (const kind of ['write', 'accept'] as const) {
      expect(decodeEnvelope(CONTEXT, signed(0, { kind, cid: 1, regency: 0, digest }).bytes)).toBeUndefined()
    }
    const persist = signed(0, { kind: 'persist', cid: 1, regency: 1, digest })
    expect(decodeEnvelope(CONTEXT, persist.bytes)).toBeUndefined()
  })
})

describe('the bounds of frames and of the channel', () => {
  it('what a pull asks for', () => {
    const fetch = (request: Partial<FetchRequest>) =>
      decodeFrame(
        sha256,
        encodeFrame({ kind: 'fetch', request: { batches: [], values: [], fromHeight: 0, toHeight: 0, ...request } }),
      )
    for (const field of ['batches', 'values'] as const) {
      expect(fetch({ [field]: many(LIMITS.fetchItemsMax, (i) => digestOf(`${i}`)) })).toBeDefined()
      expect(fetch({ [field]: many(LIMITS.fetchItemsMax + 1, (i) => digestOf(`${i}`)) })).toBeUndefined()
    }
  })

  it('what a pull is answered with', () => {
    const reply = (part: Partial<FetchReply>) =>
      decodeFrame(sha256, encodeFrame({ kind: 'reply', reply: { batches: [], values: [], blocks: [], ...part } }))
    for (const field of ['batches', 'values'] as const) {
      expect(reply({ [field]: many(LIMITS.fetchItemsMax, () => Uint8Array.of(1)) })).toBeDefined()
      expect(reply({ [field]: many(LIMITS.fetchItemsMax + 1, () => Uint8Array.of(1)) })).toBeUndefined()
    }
    expect(reply({ blocks: many(LIMITS.fetchBlocksMax, () => RECORD) })).toBeDefined()
    expect(reply({ blocks: many(LIMITS.fetchBlocksMax + 1, () => RECORD) })).toBeUndefined()
  })

  it('parts of a snapshot', () => {
    const request = (part: Partial<SnapshotRequest>) => {
      const whole = { height: 1, manifest: false, chunks: [], fromHeight: 0, toHeight: 0, ...part }
      return decodeFrame(sha256, encodeFrame({ kind: 'snapshot-request', request: whole }))
    }
    expect(request({ chunks: many(LIMITS.fetchItemsMax, () => 'a0') })).toBeDefined()
    expect(request({ chunks: many(LIMITS.fetchItemsMax + 1, () => 'a0') })).toBeUndefined()
    expect(request({ chunks: ['0'.repeat(64)] })).toBeDefined()
    for (const chunk of ['0'.repeat(65), 'g', 'A', '/']) expect(request({ chunks: [chunk] })).toBeUndefined()
    const reply = (part: Partial<SnapshotReply>) => {
      const whole = { height: 1, manifest: new Uint8Array(), chunks: [], blocks: [], ...part }
      return decodeFrame(sha256, encodeFrame({ kind: 'snapshot-reply', reply: whole }))
    }
    for (const [field, max] of [
      ['chunks', LIMITS.fetchItemsMax],
      ['blocks', LIMITS.fetchBlocksMax],
    ] as const) {
      expect(reply({ [field]: many(max, () => Uint8Array.of(1)) })).toBeDefined()
      expect(reply({ [field]: many(max + 1, () => Uint8Array.of(1)) })).toBeUndefined()
    }
    const chunks = many(LIMITS.snapshotChunksMax + 1, (i) => ({
      path: i.toString(16).padStart(5, '0'),
      slot: new Uint8Array(32),
    }))
    const finality = certificate('persist', 42, 0, RECORD.sealed.hash)
    const manifest = { sealed: RECORD.sealed, finality, views: new Uint8Array() }
    expect(decodeManifest(sha256, encodeManifest({ ...manifest, chunks: chunks.slice(1) }))).toBeDefined()
    expect(decodeManifest(sha256, encodeManifest({ ...manifest, chunks }))).toBeUndefined()
  })

  it('transactions of one message of the channel', () => {
    const request = (length: number) =>
      decodeChannelRequest(encodeChannelRequest(many(length, (ref) => ({ ref, transaction: Uint8Array.of(1) }))))
    expect(request(CHANNEL_SUBMISSIONS_MAX)).toHaveLength(CHANNEL_SUBMISSIONS_MAX)
    expect(request(CHANNEL_SUBMISSIONS_MAX + 1)).toBeUndefined()
  })
})
