import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/base/random.js'
import type { Ledger } from '../../src/ports.js'
import type { ReplicaStatus } from '../../src/replica/index.js'
import {
  Agreement,
  acknowledgedProblem,
  boundProblem,
  boundsOf,
  ChainCheck,
  ExactlyOnce,
  leftoverProblem,
} from '../../src/sim/checkers.js'
import { GOOD_LINK } from '../../src/sim/network.js'
import { type Acknowledged, Workload } from '../../src/sim/workload.js'
import { World } from '../../src/sim/world.js'
import type { BlockRecord } from '../../src/types/index.js'

it('agreement: another block at a height is found', () => {
  const agreement = new Agreement()
  expect(agreement.check(1, 'aa')).toBeUndefined()
  expect(agreement.check(1, 'aa')).toBeUndefined()
  expect(agreement.check(1, 'bb')).toContain('height 1')
})

it('exactly once: a transaction at two places is found, in one block and over blocks', () => {
  const once = new ExactlyOnce()
  expect(once.check(1, ['t1', 't2'])).toBeUndefined()
  expect(once.check(1, ['t1', 't2'])).toBeUndefined()
  expect(once.check(2, ['t3', 't1'])).toContain('t1')
  expect(new ExactlyOnce().check(1, ['t1', 't1'])).toContain('t1')
})

it('bounds: what is larger than allowed is found', () => {
  const bounds = boundsOf(4, 8, 64, 100)
  const status = { openInstances: 24, pendingBatches: 5, heldBatches: 5, waiting: 100 } as ReplicaStatus
  expect(boundProblem(status, bounds)).toBeUndefined()
  expect(boundProblem({ ...status, openInstances: 25 }, bounds)).toContain('openInstances')
  expect(boundProblem({ ...status, heldBatches: bounds.heldBatches + 1 }, bounds)).toContain('heldBatches')
  expect(boundProblem({ ...status, waiting: 101 }, bounds)).toContain('waiting')
})

it('leftovers: what is held when all is done is found', () => {
  const status = { openInstances: 0, pendingBatches: 0, heldBatches: 0, waiting: 0 } as ReplicaStatus
  expect(leftoverProblem(status)).toBeUndefined()
  for (const name of ['pendingBatches', 'heldBatches', 'waiting']) {
    expect(leftoverProblem({ ...status, [name]: 1 })).toContain(name)
  }
  expect(leftoverProblem({ ...status, openInstances: 1, heldBatches: 1 })).toBeUndefined()
})

describe('a chain that four replicas made', () => {
  let check: ChainCheck
  let ledger: Ledger
  let record: BlockRecord
  let receipts: readonly Uint8Array[]
  let acknowledged: Acknowledged
  const parent = { hash: '', timeMs: 0 }

  beforeAll(async () => {
    const world = new World({ n: 4, random: new Random(1), link: GOOD_LINK })
    for (const machine of world.machines) world.start(machine)
    await world.scheduler.runUntil(1_000)
    const workload = new Workload(world, new Random(2), () => undefined)
    const submission = workload.submit()
    await world.scheduler.runUntil(20_000, () => submission.acknowledged !== undefined)
    acknowledged = submission.acknowledged ?? expect.fail('nothing was acknowledged')
    const second = workload.submit()
    await world.scheduler.runUntil(40_000, () => second.acknowledged !== undefined)
    const { running } = world.machine(0)
    await world.scheduler.runUntil(world.scheduler.nowMs + 1_000)
    ledger = running?.ledger ?? expect.fail('not running')
    check = new ChainCheck(world.crypto.suite, world.genesis)
    record = ledger.record(1) ?? expect.fail('no block')
    receipts = ledger.receipts(1) ?? expect.fail('no receipts')
    Object.assign(parent, { hash: ledger.header(0)?.hash, timeMs: ledger.header(0)?.header.timeMs })
  })

  const altered = (change: Partial<BlockRecord['sealed']['header']>): BlockRecord => ({
    ...record,
    sealed: { ...record.sealed, header: { ...record.sealed.header, ...change } },
  })

  it('holds as it is', () => {
    expect(check.check(record, receipts, parent)).toBeUndefined()
    expect(acknowledgedProblem(acknowledged, ledger)).toBeUndefined()
  })

  it('links: another block below, and a time that goes back, are found', () => {
    expect(check.check(record, receipts, { ...parent, hash: 'ff' })).toContain('does not follow')
    expect(check.check(record, receipts, { ...parent, timeMs: Number.MAX_SAFE_INTEGER })).toContain('older')
    expect(check.check(altered({ view: 'ff' }), receipts, parent)).toContain('view')
  })

  it('certificates: too few, of another block, and with a wrong signature, are found', () => {
    const certificate = record.certificate ?? expect.fail('no certificate of its own')
    const checked = (change: Partial<typeof certificate>) =>
      check.check({ ...record, certificate: { ...certificate, ...change } }, receipts, parent)
    expect(checked({ signatures: certificate.signatures.slice(1) })).toContain('quorum')
    expect(checked({ cid: 7 })).toContain("another's certificate")
    expect(checked({ header: certificate.digest })).toContain("another's certificate")
    const signatures = certificate.signatures.map(({ replica }, i) => ({
      replica,
      signature: certificate.signatures[(i + 1) % certificate.signatures.length]?.signature ?? new Uint8Array(),
    }))
    expect(checked({ signatures })).toContain('signature')
  })

  it('certificates: one above covers a block by the headers between them, and no others', () => {
    const { sealed } = record
    const next = ledger.header(2) ?? expect.fail('no second block')
    const certificate = ledger.certificate(2) ?? ledger.finality(2)?.certificate ?? expect.fail('no certificate')
    const headers = [next, ...(ledger.finality(2)?.headers ?? [])]
    expect(check.finalityProblem(sealed, { certificate, headers })).toBeUndefined()
    expect(check.finalityProblem(sealed, { certificate, headers: [] })).toContain("another's certificate")
    expect(check.finalityProblem(sealed, { certificate, headers: [next, next] })).toContain('does not lead up')
    const { certificate: _, ...uncovered } = record
    expect(check.check(uncovered, receipts, parent)).toBeUndefined()
  })

  it('an ACCEPT counts with a good signature in the view of its height only', () => {
    const { view, cid, regency, digest, header, signatures } = record.certificate ?? expect.fail('no certificate')
    const [{ replica: sender = 0, signature = new Uint8Array() } = {}] = signatures
    const message = { kind: 'accept', cid, regency, digest, header } as const
    const signed = { sender, view, message, signature, bytes: new Uint8Array() }
    expect(check.votesNeeded(signed)).toBe(3)
    expect(check.votesNeeded({ ...signed, view: 1 })).toBeUndefined()
    expect(check.votesNeeded({ ...signed, sender: (sender + 1) % 4 })).toBeUndefined()
    expect(check.votesNeeded({ ...signed, message: { ...message, header: digest } })).toBeUndefined()
  })

  it('body: a changed value, transactions or receipts are found', () => {
    expect(check.check({ ...record, body: new Uint8Array() }, receipts, parent)).toContain('another value')
    expect(check.check(altered({ transactionRoot: 'ff' }), receipts, parent)).toContain('transaction root')
    expect(check.check(altered({ receiptRoot: 'ff' }), receipts, parent)).toContain('receipt root')
    expect(check.check(record, [...receipts, new Uint8Array(3)], parent)).toContain('receipts')
  })

  it('acknowledged: a receipt that is gone, elsewhere, or another, is found', () => {
    const other = { ...acknowledged, id: 'ab'.repeat(32) }
    expect(acknowledgedProblem(other, ledger)).toContain('is not there')
    expect(acknowledgedProblem({ ...acknowledged, index: 9 }, ledger)).toContain('stands at')
    expect(acknowledgedProblem({ ...acknowledged, receipt: new Uint8Array() }, ledger)).toContain('another receipt')
  })
})
