import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.js'
import { LedgerAudit } from '../../src/cli/ledger-audit.js'
import {
  decodeBlockBody,
  decodeReceipt,
  encodeBlockBody,
  encodeReceipt,
  makeValue,
  sealHeader,
} from '../../src/codec/block.js'
import { networkIdOf } from '../../src/codec/genesis.js'
import { batchDigest, statementBytes } from '../../src/codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../../src/codec/transaction.js'
import { BUILT_IN_CONTRACTS, createRuntime } from '../../src/contracts/index.js'
import { MerkleTree } from '../../src/crypto/merkle.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { genesisBlock } from '../../src/node/create-node.js'
import { createSigner } from '../../src/node/signer.js'
import type { BlockHeader, BlockRecord, Genesis, Receipt } from '../../src/types/index.js'
import { InProcessNetwork, testGenesis, testSeed, until } from '../support/in-process.js'

interface Block {
  readonly record: BlockRecord
  readonly receipts: readonly Uint8Array[]
}

const { sha256 } = nativeSuite
const ARGS = { category: 'test', subject: 'subject', payload: 'hello' }

let network: InProcessNetwork
let genesis: Genesis
let networkId: Uint8Array
let blocks: readonly Block[]
let first: Block

function auditOf(document: Genesis, replay = false): LedgerAudit {
  const runtime = createRuntime({ contracts: BUILT_IN_CONTRACTS, suite: nativeSuite, genesis: document })
  return new LedgerAudit(document, genesisBlock(document, runtime).sealed.hash, replay ? runtime : undefined)
}

/** Every problem that an audit finds in blocks. */
function problemsIn(audit: LedgerAudit, ...audited: readonly Block[]): readonly string[] {
  return audited.flatMap(({ record, receipts }) => {
    const { certificate } = record
    const problem = certificate && audit.certificateProblem(certificate)
    return [problem, audit.bodyProblem(record, receipts)].flatMap((problem) => problem ?? [])
  })
}

/** Block 1 with another batch, signed by a replica, and a header that fits it where nothing else is said. */
function forged(
  transactions: readonly Uint8Array[],
  lane: number,
  signer: number,
  header: Partial<BlockHeader> = {},
  number = 1,
) {
  const body = encodeBatchBody(lane, { incarnation: 1, number }, transactions)
  const digest = batchDigest(sha256, networkId, body)
  const statement = statementBytes(networkId, { view: 0, kind: 'batch', regency: 0, cid: 0, digest })
  const batch = encodeBatch(body, 0, createSigner(testSeed(`replica ${signer}`)).sign(statement))
  const value = makeValue(sha256, first.record.sealed.header.timeMs, [digest])
  const sealed = sealHeader(sha256, { ...first.record.sealed.header, value: value.digest, ...header })
  return { record: { ...first.record, sealed, body: encodeBlockBody(value.bytes, [batch]) }, receipts: first.receipts }
}

const bodyProblem = ({ record, receipts }: Block): string | undefined => auditOf(genesis).bodyProblem(record, receipts)

beforeAll(async () => {
  network = await InProcessNetwork.start(4)
  genesis = network.genesis
  networkId = networkIdOf(sha256, genesis)
  for (let i = 0; i < 3; i++) await network.append(i, `entry ${i}`)
  const { ledger } = network.get(0)
  await until(() => ledger.tip().header.height >= 3, 'three blocks')
  blocks = Array.from({ length: ledger.tip().header.height }, (_, i) => ({
    record: ledger.record(i + 1) as BlockRecord,
    receipts: ledger.receipts(i + 1) ?? [],
  }))
  first = blocks[0] as Block
})
afterAll(() => network?.close())

describe('the audit of a ledger', () => {
  it('finds nothing in what a network made, executed anew as well', () => {
    for (const replay of [false, true]) {
      const audit = auditOf(genesis, replay)
      expect(problemsIn(audit, ...blocks)).toEqual([])
      expect(audit.certified).toBeGreaterThan(0)
    }
  })

  it('finds another genesis in every certificate and in the first block', () => {
    const problems = problemsIn(auditOf(testGenesis(4, { endorsements: 2 })), first)
    expect(problems).toHaveLength(2)
    expect(problems[1]).toContain('the chain begins with block')
  })

  it('finds a wrong signature, and too few', () => {
    const certificate = blocks.flatMap(({ record }) => record.certificate ?? [])[0] ?? expect.fail()
    const audit = auditOf(genesis)
    const [signature, ...others] = certificate.signatures
    if (signature === undefined) throw new Error('there is no signature')
    const wrong = { ...signature, signature: signature.signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)) }
    expect(audit.certificateProblem({ ...certificate, signatures: [wrong, ...others] })).toMatch(
      /^the certificate: the signature of replica \d is wrong$/,
    )
    expect(audit.certificateProblem({ ...certificate, signatures: others })).toContain('a quorum is 3')
    for (const name of ['digest', 'header']) {
      expect(audit.certificateProblem({ ...certificate, [name]: '11'.repeat(32) })).toContain('the certificate: ')
    }
  })

  it('finds a body that cannot be read, lacks a batch, or has another', () => {
    const { record, receipts } = first
    const body = decodeBlockBody(record.body)
    if (body === undefined) throw new Error('block 1 has no body')
    const judge = (bytes: Uint8Array) => bodyProblem({ record: { ...record, body: bytes }, receipts })
    expect(judge(Uint8Array.of(255))).toBe('the body cannot be read')
    expect(judge(encodeBlockBody(body.value, []))).toBe('the body lacks batches')
    expect(judge(encodeBlockBody(makeValue(sha256, 1, []).bytes, []))).toBe('the value is not the one that was decided')
    const other = decodeBlockBody(blocks[1]?.record.body as Uint8Array)?.batches ?? []
    expect(judge(encodeBlockBody(body.value, other))).toBe('batch 0 is not the one that was decided')
  })

  it('finds a transaction that its client has not signed, and a batch that its replica has not', async () => {
    const signed = await network.encode(network.identity(0), 'logbook', 'append', ARGS)
    const vouched = await network.encode({ organization: 'org1', client: 'reader' }, 'logbook', 'append', ARGS)
    const spoiled = signed.bytes.map((byte, i) => (i === signed.bytes.length - 1 ? byte ^ 1 : byte))
    expect(bodyProblem(forged([spoiled], 0, 0))).toMatch(/^batch 0: nobody who may has signed transaction/)
    expect(bodyProblem(forged([vouched.bytes], 0, 0))).toMatch(/^batch 0: nobody who may has signed transaction/)
    expect(bodyProblem(forged([signed.bytes], 0, 1))).toBe('batch 0: not signed by replica 0')
    // what remains wrong is only that the header is of other transactions
    expect(bodyProblem(forged([vouched.bytes], 1, 1))).toMatch(/^the transactions have root/)
    // a batch that does not continue its lane counts for nothing
    const empty = { transactionRoot: toHex(new MerkleTree(sha256, []).root) }
    expect(bodyProblem(forged([vouched.bytes], 1, 1, empty, 2))).toBeUndefined()
    expect(bodyProblem(forged([vouched.bytes], 1, 1, empty, 1))).toMatch(/^the transactions have root/)
  })

  it('finds a wrong time, a transaction that ran twice, and foreign receipts', () => {
    const { timeMs } = first.record.sealed.header
    const late = sealHeader(sha256, { ...first.record.sealed.header, timeMs: timeMs + 1 })
    expect(bodyProblem({ ...first, record: { ...first.record, sealed: late } })).toBe(
      `the time is ${timeMs + 1}, not ${timeMs}`,
    )
    const audit = auditOf(genesis)
    expect(problemsIn(audit, first)).toEqual([])
    expect(problemsIn(audit, first)[0]).toMatch(/^the transactions have root/)
    expect(bodyProblem({ ...first, receipts: blocks[1]?.receipts ?? [] })).toMatch(
      /^receipt 0 is not that of transaction/,
    )
  })

  it('finds a receipt that execution does not give', () => {
    const lie: Receipt = {
      transaction: decodeReceipt(first.receipts[0] as Uint8Array)?.transaction ?? '',
      status: 'refused',
      code: 'logbook/empty',
      detail: '',
      result: new Uint8Array(),
      events: [],
    }
    const block = { ...first, receipts: [encodeReceipt(lie)] }
    expect(auditOf(genesis).bodyProblem(block.record, block.receipts)).toBeUndefined()
    expect(auditOf(genesis, true).bodyProblem(block.record, block.receipts)).toMatch(/gives another receipt$/)
  })
})
