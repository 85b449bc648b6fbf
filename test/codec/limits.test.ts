import { describe, expect, it } from 'vitest'
import {
  certificateFromWire,
  decodeFinality,
  decodeValue,
  encodeCertificate,
  makeValue,
} from '../../src/codec/block.js'
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
import { decodeWire, encodeWire, wire } from '../../src/codec/wire.js'
import { LIMITS } from '../../src/types/index.js'
import {
  CONTEXT,
  digestOf,
  encodedTransaction,
  finality,
  MESSAGES,
  NETWORK_ID,
  PROOFS,
  prepared,
  RECORD,
  STOP_DATA,
  STOP_DATA_AT_GENESIS,
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
  const batch = (transactions: readonly Uint8Array[], place = { incarnation: 1, number: 1 }) =>
    decodeBatch(CONTEXT, encodeBatch(encodeBatchBody(0, place, transactions), 0, new Uint8Array(64)))
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
  })

  it('its place in the lane: numbers count from 1', () => {
    const place = (incarnation: number, number: number) => batch([small], { incarnation, number })
    expect(place(0, 1)).toHaveProperty('batch')
    expect(place(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toHaveProperty('batch')
    for (const [incarnation, number] of [
      [1, 0],
      [1, Number.MAX_SAFE_INTEGER + 1],
      [Number.MAX_SAFE_INTEGER + 1, 1],
    ] as const) {
      expect(place(incarnation, number)).toMatchObject({ refused: 'batch/malformed' })
    }
  })
})

describe('the bounds of consensus messages', () => {
  it('an envelope', () => {
    const body = new Uint8Array(LIMITS.envelopeBytesMax)
    expect(decodeEnvelope(CONTEXT, encodeEnvelope('stop', 0, 0, body, new Uint8Array(64)))).toBeUndefined()
    const { bytes } = signed(0, MESSAGES.stop ?? expect.fail())
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

  it('why a STOP is sent', () => {
    const stop = (fields: { regency?: number; reason?: number; start?: number; number?: number }) => {
      const body = encodeWire(wire.Stop, { regency: 2, reason: 0, start: 1, number: 1, ...fields })
      return decodeEnvelope(CONTEXT, encodeEnvelope('stop', 0, 0, body, new Uint8Array(64)))?.signed.message
    }
    expect([0, 1, 2].map((reason) => (stop({ reason }) as { reason: string }).reason)).toEqual([
      ...['wish', 'barred', 'resign'],
    ])
    expect(stop({ reason: 3 })).toBeUndefined()
    expect(stop({ regency: 0, start: 0, number: 0 })).toBeDefined()
    for (const field of ['regency', 'start', 'number']) {
      expect(stop({ [field]: Number.MAX_SAFE_INTEGER + 1 }), field).toBeUndefined()
    }
  })

  it('locks of a STOPDATA, and certificates beside it', () => {
    const locks = (length: number) => many(length, (i) => ({ cid: i + 1, regency: 1, digest: digestOf(`${i}`) }))
    const stopData = (length: number) =>
      decodeEnvelope(CONTEXT, signed(0, { ...STOP_DATA, locks: locks(length) }).bytes)
    expect(stopData(LIMITS.windowMax)).toBeDefined()
    expect(stopData(LIMITS.windowMax + 1)).toBeUndefined()
    const proven = (length: number) =>
      decodeEnvelope(
        CONTEXT,
        signed(
          0,
          STOP_DATA,
          many(length, (i) => prepared(i + 1, 1, digestOf('value'))),
        ).bytes,
      )
    expect(proven(LIMITS.windowMax + 1)?.signed.proofs).toHaveLength(LIMITS.windowMax + 1)
    expect(proven(LIMITS.windowMax + 2)).toBeUndefined()
    for (const message of Object.values(MESSAGES)) {
      const decoded = decodeEnvelope(CONTEXT, signed(0, message, PROOFS).bytes)
      expect(decoded === undefined, message.kind).toBe(message.kind !== 'stop-data')
    }
  })

  it('signers of a certificate', () => {
    const one = finality(1, 1, digestOf('value'), digestOf('header'))
    const signatures = (length: number) => many(length, (replica) => ({ replica, signature: new Uint8Array(64) }))
    const decode = (length: number) => decodeFinality(encodeCertificate({ ...one, signatures: signatures(length) }))
    expect(decode(LIMITS.replicasMax)).toBeDefined()
    expect(decode(LIMITS.replicasMax + 1)).toBeUndefined()
  })

  it('a certificate of ACCEPTs names a header, one of WRITEs does not, and there is no other', () => {
    const decode = (fields: { kind: number; header?: Uint8Array }) =>
      certificateFromWire(
        decodeWire(
          wire.Certificate,
          encodeWire(wire.Certificate, { cid: 1, regency: 1, digest: new Uint8Array(32), ...fields }),
        ),
      )
    const header = new Uint8Array(32)
    expect([decode({ kind: 2 })?.kind, decode({ kind: 3, header })?.kind]).toEqual(['write', 'accept'])
    for (const wrong of [
      { kind: 2, header },
      { kind: 3 },
      { kind: 3, header: new Uint8Array(31) },
      { kind: 4, header },
    ]) {
      expect(decode(wrong), JSON.stringify(wrong)).toBeUndefined()
    }
  })

  it('STOPDATA and proofs of a SYNC', () => {
    const stopData = signed(0, STOP_DATA_AT_GENESIS)
    const sync = (nested: number, proofs: number) => {
      const message = {
        kind: 'sync' as const,
        regency: 2,
        stopData: many(nested, () => stopData),
        proofs: many(proofs, (i) => prepared(i + 1, 1, digestOf('value'))),
      }
      return decodeEnvelope(CONTEXT, signed(2, message).bytes)
    }
    expect(sync(LIMITS.replicasMax, LIMITS.windowMax + 1)).toBeDefined()
    expect(sync(LIMITS.replicasMax + 1, 0)).toBeUndefined()
    expect(sync(1, LIMITS.windowMax + 2)).toBeUndefined()
  })

  it('a SYNC nests STOPDATA without proofs and nothing else, itself least of all', () => {
    const sync = signed(2, { kind: 'sync', regency: 2, stopData: [], proofs: [] })
    const write = signed(2, { kind: 'write', cid: 1, regency: 2, digest: digestOf('value') })
    // Bytes that the encoder would leave out.
    const { proofs: _, ...proven } = signed(2, STOP_DATA, PROOFS)
    for (const nested of [sync, write, proven]) {
      const outer = signed(2, { kind: 'sync', regency: 2, stopData: [nested as never], proofs: [] })
      expect(decodeEnvelope(CONTEXT, outer.bytes)).toBeUndefined()
    }
  })

  it('votes are of a regency, and an ACCEPT alone names a header', () => {
    const digest = digestOf('value')
    const header = digestOf('header')
    const accept = signed(0, { kind: 'accept', cid: 1, regency: 1, digest, header })
    const write = signed(0, { kind: 'write', cid: 1, regency: 1, digest })
    for (const { bytes } of [accept, write]) expect(decodeEnvelope(CONTEXT, bytes)).toBeDefined()
    for (const message of [
      { ...accept.message, regency: 0 },
      { ...write.message, regency: 0 },
    ]) {
      expect(decodeEnvelope(CONTEXT, signed(0, message).bytes)).toBeUndefined()
    }
    const body = (kind: 'write' | 'accept', carried: { bytes: Uint8Array }) => {
      const { body } = decodeWire(wire.Envelope, carried.bytes) ?? expect.fail()
      return decodeEnvelope(CONTEXT, encodeEnvelope(kind, 0, 1, body, new Uint8Array(64)))
    }
    expect([body('write', accept), body('accept', write)]).toEqual([undefined, undefined])
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

  it('STOPs of an installation, and lanes of a status', () => {
    const installation = (length: number) =>
      decodeFrame(sha256, encodeFrame({ kind: 'installation', stops: many(length, () => Uint8Array.of(1)) }))
    expect(installation(LIMITS.replicasMax)).toBeDefined()
    expect(installation(LIMITS.replicasMax + 1)).toBeUndefined()
    const status = (length: number, number = 1) =>
      decodeFrame(
        sha256,
        encodeFrame({
          kind: 'status',
          status: {
            ...{ view: 0, regency: 1, asked: 1, executed: 0, finalized: 0, silentUntil: 0, awaitsSync: false },
            ...{ roundTripMs: 0, oldest: 1, snapshot: 0 },
            lanes: many(length, (lane) => ({ lane, incarnation: 1, number })),
          },
        }),
      )
    expect(status(LIMITS.replicasMax)).toBeDefined()
    expect(status(LIMITS.replicasMax + 1)).toBeUndefined()
    expect(status(1, Number.MAX_SAFE_INTEGER + 1)).toBeUndefined()
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
    const certificate = RECORD.certificate ?? expect.fail()
    const manifest = { sealed: RECORD.sealed, finality: certificate, views: new Uint8Array() }
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
