import { ed25519Signer, p256Signer } from '../../src/client/keys.js'
import { makeValue, sealHeader } from '../../src/codec/block.js'
import { encodeEnvelope, encodeMessageBody, messageStatement } from '../../src/codec/consensus.js'
import { DEFAULT_PARAMETERS } from '../../src/codec/genesis.js'
import { batchDigest, NO_DIGEST, transactionId, transactionStatement } from '../../src/codec/statements.js'
import {
  encodeBatch,
  encodeBatchBody,
  encodeTransaction,
  encodeTransactionBody,
  type TransactionFields,
} from '../../src/codec/transaction.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type {
  BlockRecord,
  Certificate,
  Digest,
  FinalityCertificate,
  Genesis,
  Message,
  PreparedCertificate,
  Receipt,
  ReplicaSignature,
  Signed,
  StopData,
} from '../../src/types/index.js'

/** Fixed inputs of the golden vectors: nothing here depends on a clock, on chance or on a machine. */

export const { sha256 } = nobleSuite
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** 32 bytes that differ for each text. */
export const hashOf = (text: string): Uint8Array => sha256(utf8(text))
export const digestOf = (text: string): Digest => Buffer.from(hashOf(text)).toString('hex')

export const NETWORK_ID = hashOf('the network of the vectors')
export const CONTEXT = { networkId: NETWORK_ID, sha256 }

const REPLICA_SIGNERS = [0, 1, 2, 3].map((id) => ed25519Signer(hashOf(`replica ${id}`)))
const signature = (replica: number): Uint8Array => new Uint8Array(64).fill(0x10 + replica)
const SIGNATURES: readonly ReplicaSignature[] = [0, 1, 3].map((replica) => ({ replica, signature: signature(replica) }))

export const ED25519 = ed25519Signer(hashOf('client'))
export const P256 = p256Signer(hashOf('device'))

const FIELDS: Omit<TransactionFields, 'authentication'> = {
  organization: 'org0',
  contract: 'logbook',
  method: 'append',
  args: utf8('{"category":"test","subject":"meter-1","payload":"21.5 °C"}'),
  validUntilMs: 1_764_000_000_123,
  nonce: hashOf('nonce').slice(0, 12),
}

export const TRANSACTION_FIELDS = {
  ed25519: { ...FIELDS, authentication: { mode: 'signed', keyType: 'ed25519', publicKey: ED25519.publicKey } },
  p256: { ...FIELDS, authentication: { mode: 'signed', keyType: 'p256', publicKey: P256.publicKey } },
  vouched: { ...FIELDS, authentication: { mode: 'vouched', client: 'meter-reader' } },
} as const satisfies Record<string, TransactionFields>

/** Signatures over the transaction's statement; both schemes are deterministic. */
export function encodedTransaction(kind: keyof typeof TRANSACTION_FIELDS): Uint8Array {
  const body = encodeTransactionBody(NETWORK_ID, TRANSACTION_FIELDS[kind])
  const statement = transactionStatement(transactionId(sha256, NETWORK_ID, body))
  if (kind === 'vouched') return encodeTransaction(body, new Uint8Array())
  return encodeTransaction(body, (kind === 'p256' ? P256 : ED25519).sign(statement) as Uint8Array)
}

export const BATCH_BODY = encodeBatchBody(2, { incarnation: 3, number: 1_764_000_000_000_007 }, [
  encodedTransaction('ed25519'),
  encodedTransaction('p256'),
  encodedTransaction('vouched'),
])
export const BATCH_DIGEST = batchDigest(sha256, NETWORK_ID, BATCH_BODY)
export const BATCH = encodeBatch(BATCH_BODY, 1, signature(2))

export const VALUE = makeValue(sha256, 1_764_000_000_100, [digestOf('batch a'), BATCH_DIGEST])

/** No batches, and the leader's clock all the same. */
export const EMPTY_VALUE = makeValue(sha256, 1_764_000_000_200, [])

export const prepared = (cid: number, regency: number, digest: Digest): PreparedCertificate => ({
  kind: 'write',
  ...{ view: 1, cid, regency, digest, signatures: SIGNATURES },
})

export const finality = (cid: number, regency: number, digest: Digest, header: Digest): FinalityCertificate => ({
  kind: 'accept',
  ...{ view: 1, cid, regency, digest, header, signatures: SIGNATURES },
})

export const STOP_DATA: StopData = {
  kind: 'stop-data',
  regency: 5,
  base: { height: 41, regency: 3, digest: digestOf('value 41'), header: digestOf('header 41') },
  locks: [
    { cid: 42, regency: 3, digest: VALUE.digest },
    { cid: 44, regency: 4, digest: EMPTY_VALUE.digest },
  ],
}

/** That of a replica for which nothing is certified, and which is bound to nothing. */
export const STOP_DATA_AT_GENESIS: StopData = {
  kind: 'stop-data',
  regency: 5,
  base: { height: 0, regency: 0, digest: NO_DIGEST, header: digestOf('genesis') },
  locks: [],
}

/** The certificates behind STOP_DATA. */
export const PROOFS: readonly Certificate[] = [
  finality(41, 3, digestOf('value 41'), digestOf('header 41')),
  prepared(42, 3, VALUE.digest),
  prepared(44, 4, EMPTY_VALUE.digest),
]

/** A message in its envelope, signed by the replica whose key the vectors name. */
export function signed<M extends Message>(sender: number, message: M, proofs: readonly Certificate[] = []): Signed<M> {
  const body = encodeMessageBody(message)
  const statement = messageStatement(CONTEXT, 1, message, body)
  const signature = REPLICA_SIGNERS[sender]?.sign(statement) as Uint8Array
  const bytes = encodeEnvelope(message.kind, sender, 1, body, signature, proofs)
  return { sender, view: 1, message, signature, bytes, ...(proofs.length === 0 ? {} : { proofs }) }
}

export const MESSAGES: Readonly<Record<string, Message>> = {
  write: { kind: 'write', cid: 42, regency: 3, digest: VALUE.digest },
  accept: { kind: 'accept', cid: 42, regency: 3, digest: VALUE.digest, header: digestOf('header 42') },
  propose: { kind: 'propose', cid: 43, regency: 3, value: VALUE },
  'propose an empty block': { kind: 'propose', cid: 43, regency: 3, value: EMPTY_VALUE },
  stop: { kind: 'stop', regency: 4, reason: 'wish', start: 2, number: 7 },
  'stop of a barred replica': { kind: 'stop', regency: 4, reason: 'barred', start: 3, number: 1 },
  'stop of a leader that resigns': { kind: 'stop', regency: 4, reason: 'resign', start: 2, number: 1_000_000 },
  'no wish': { kind: 'stop', regency: 0, reason: 'wish', start: 2, number: 8 },
  'stop-data': STOP_DATA,
  'stop-data at genesis': STOP_DATA_AT_GENESIS,
  sync: {
    kind: 'sync',
    regency: 5,
    stopData: [signed(0, STOP_DATA), signed(2, STOP_DATA_AT_GENESIS), signed(3, { ...STOP_DATA, locks: [] })],
    proofs: PROOFS,
  },
  'sync without proofs': { kind: 'sync', regency: 5, stopData: [signed(2, STOP_DATA_AT_GENESIS)], proofs: [] },
}

export const SEALED = sealHeader(sha256, {
  height: 42,
  previous: digestOf('header 41'),
  value: VALUE.digest,
  transactionRoot: digestOf('transactions'),
  receiptRoot: digestOf('receipts'),
  stateRoot: digestOf('state'),
  timeMs: 1_764_000_000_100,
  view: digestOf('view'),
  contracts: digestOf('contracts'),
  transactions: 3,
})

export const RECEIPTS: Readonly<Record<string, Receipt>> = {
  done: {
    transaction: digestOf('transaction'),
    status: 'done',
    code: '',
    detail: '',
    result: utf8('{"entry":"e1"}'),
    events: [
      { name: 'logbook/appended', data: utf8('{"subject":"meter-1"}') },
      { name: 'logbook/appended', data: utf8('null') },
    ],
  },
  refused: {
    transaction: digestOf('transaction'),
    status: 'refused',
    code: 'pki/not-endorsed',
    detail: 'meter-1 has 0 of 1 endorsements – not active',
    result: new Uint8Array(),
    events: [],
  },
}

export const RECORD: BlockRecord = {
  sealed: SEALED,
  body: utf8('an encoded block body'),
  certificate: finality(42, 3, VALUE.digest, SEALED.hash),
}

/** A block without a certificate of its own. */
export const UNCERTIFIED: BlockRecord = { sealed: SEALED, body: RECORD.body }

/** The header above SEALED. */
export const ABOVE = sealHeader(sha256, {
  ...SEALED.header,
  height: 43,
  previous: SEALED.hash,
  timeMs: 1_764_000_000_200,
})

export const GENESIS: Genesis = {
  format: 'etalon-genesis-1',
  network: 'vectors',
  createdMs: 1_764_000_000_000,
  organizations: [
    {
      id: 'org0',
      name: 'Bureau des étalons',
      roles: ['nmi', 'enroller'],
      members: [{ name: 'admin', keyType: 'ed25519', publicKey: ED25519.publicKey, kind: 'admin' }],
    },
  ],
  replicas: [
    {
      id: 0,
      organization: 'org0',
      consensusKey: REPLICA_SIGNERS[0]?.publicKey ?? '',
      peerId: 'peer0',
      addresses: ['/ip4/127.0.0.1/tcp/7000'],
    },
  ],
  parameters: DEFAULT_PARAMETERS,
}
