import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.js'
import { encodeBlockBody, makeValue, sealHeader } from '../../src/codec/block.js'
import { MerkleTree } from '../../src/crypto/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { LevelLedger } from '../../src/ledger/index.js'
import { CounterMap } from '../../src/node/counters.js'
import { systemClock } from '../../src/node/system-clock.js'
import { BatchStore } from '../../src/replica/batch-store.js'
import { Chain } from '../../src/replica/chain.js'
import { type Below, Diverged, type Executor, type Proposed, type StagedBlock } from '../../src/replica/executor.js'
import { contextOf } from '../../src/replica/index.js'
import { Measures } from '../../src/replica/measures.js'
import type { CarriedBlock } from '../../src/replica/state-transfer.js'
import type { Batch, FinalityCertificate, Height, Value, Verified } from '../../src/types/index.js'
import { certificateOf, memoryDatabase, openWith, sha256, watched } from '../ledger/support.js'
import { testGenesis, until } from '../support/in-process.js'

/** Staging, rollback, finality and writing of blocks, over a real ledger and an executor that only counts heights. */

const genesis = testGenesis(4)
const context = contextOf(genesis, genesis.replicas[0] ?? expect.fail(), nativeSuite)

let ledger: LevelLedger
let chain: Chain
let store: BatchStore
let counters: CounterMap
/** Writes of the ledger wait for it. */
let disk: Promise<void>
/** What the chain has told, in order. */
let told: string[]
let failure: unknown
/** What the executor adds to the state: another release of the contracts gives other headers. */
let release: string

beforeEach(async () => {
  disk = Promise.resolve()
  told = []
  failure = undefined
  release = 'one'
  store = new BatchStore()
  counters = new CounterMap()
  ledger = await openWith({ database: slow() })
  const modules = { clock: systemClock, counters, ledger, store, measures: new Measures(systemClock) }
  chain = new Chain(
    context,
    { ...modules, executor: { execute, locateWritten: () => undefined } as unknown as Executor },
    {
      executed: ({ token, block }) => told.push(`executed ${block.height} for ${token}`),
      installed: ({ certificate, kept }) => told.push(`installed to ${certificate.cid}, ${kept ? 'kept' : 'dropped'}`),
      final: ({ sealed }) => told.push(`final ${sealed.header.height}`),
      written: ({ cid }) => told.push(`written ${cid}`),
      certify: (certificate) =>
        certificate.signatures.length < 3 ? undefined : (certificate as Verified<FinalityCertificate>),
      fatal: (error) => {
        failure = error
      },
    },
  )
})

afterEach(() => chain.stop())

/** A ledger whose writes wait for the disk. */
function slow() {
  const database = watched(memoryDatabase(), () => undefined)
  return new Proxy(database, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function' || property !== 'batch')
        return typeof value === 'function' ? value.bind(target) : value
      return (...args: unknown[]) => {
        const batch = value.apply(target, args) as { write: (options: unknown) => Promise<void> }
        if (args.length > 0) return batch
        const write = batch.write.bind(batch)
        batch.write = (options) => disk.then(() => write(options))
        return batch
      }
    },
  })
}

async function execute({ height, value, batches }: Proposed, below: Below): Promise<StagedBlock> {
  await turn()
  const changes = [{ key: 'last', value: utf8(`${release} ${value.digest}`) }]
  const staged = ledger.stage(changes, below.staged)
  const previous = below.sealed.hash
  const fields = { height, previous, value: value.digest, stateRoot: staged.root, transactions: 0 }
  const transactions = batches.map(({ digest }) => digest)
  return {
    sealed: sealHeader(sha256, { ...below.sealed.header, ...fields }),
    value,
    body: encodeBlockBody(value.bytes, []),
    transactions: [],
    receipts: [],
    receiptTree: new MerkleTree(sha256, []),
    skipped: transactions.map((id) => ({ id, reason: 'expired' })),
    changes,
    changed: new Map(changes.map((change) => [change.key, change])),
    staged,
    heads: [],
  }
}

const valueAt = (text: number): Value => makeValue(sha256, text, [])

let token = 0
/** Has values executed from a height on; waits for the last. @returns their headers */
async function run(from: Height, values: readonly Value[]): Promise<void> {
  for (const [i, value] of values.entries()) chain.execute({ kind: 'execute', token: ++token, cid: from + i, value })
  const last = `executed ${from + values.length - 1} for ${token}`
  await until(() => told.includes(last), last)
}

/** Blocks as a peer that executed the same values has them. */
async function peerBlocks(values: readonly Value[], as = 'one'): Promise<CarriedBlock[]> {
  const own = release
  release = as
  const blocks: CarriedBlock[] = []
  let below: Below = {
    sealed: ledger.header(0) ?? expect.fail(),
    staged: undefined,
    state: ledger,
    locate: () => undefined,
  }
  for (const [i, value] of values.entries()) {
    const { sealed, staged } = await execute({ height: i + 1, value, batches: [] }, below)
    below = { ...below, sealed, staged }
    blocks.push({ sealed, value, batches: [] })
  }
  release = own
  return blocks
}

const certify = ({ sealed } = expect.fail() as Pick<CarriedBlock, 'sealed'>) =>
  certificateOf(sealed) as Verified<FinalityCertificate>

const install = (blocks: readonly CarriedBlock[]) =>
  chain.install({ segments: [{ blocks, certificate: certify(blocks.at(-1)) }] })

const tip = () => ledger.tip().header.height
const since = (mark: number) => told.slice(mark)

describe('speculative blocks', () => {
  it('fall with another value below them, and stay with the same', async () => {
    const [a, b, c] = [valueAt(1), valueAt(2), valueAt(3)]
    await run(1, [a, b, c])
    expect(counters.get('blocks-executed')).toBe(3)
    await run(2, [b])
    expect(counters.get('blocks-executed')).toBe(3)
    await run(2, [valueAt(4)])
    expect(counters.get('rollbacks')).toBe(2)
    // The third stood on the one that fell: it is executed anew.
    await run(3, [c])
    expect(counters.get('blocks-executed')).toBe(5)
    expect(chain.final).toBe(0)
    expect(chain.finalBlock(1)).toBeUndefined()
    expect(tip()).toBe(0)
  })

  it('are never executed without a batch, or above a gap', async () => {
    const batch = { digest: 'ab'.repeat(32), bytes: new Uint8Array(1) } as Batch
    const value = makeValue(sha256, 1, [batch.digest])
    chain.execute({ kind: 'execute', token: ++token, cid: 1, value })
    chain.execute({ kind: 'execute', token: ++token, cid: 2, value: valueAt(2) })
    await until(() => chain.length === 0, 'both to be looked at')
    expect(told).toEqual([])
    store.add(batch)
    await run(1, [value])
    expect(told).toEqual([`executed 1 for ${token}`])
  })
})

describe('a certificate', () => {
  it('makes all below it final, in order, and they are written with it in one run', async () => {
    const values = [valueAt(1), valueAt(2), valueAt(3), valueAt(4)]
    const blocks = await peerBlocks(values)
    await run(1, values)
    const mark = told.length
    chain.makeFinal(certify(blocks[2]))
    expect(since(mark)).toEqual(['final 1', 'final 2', 'final 3'])
    expect(chain.finalBlock(1)?.finality).toMatchObject({ certificate: { cid: 3 }, headers: [{}, {}] })
    expect(chain.finalBlock(4)).toBeUndefined()
    await until(() => told.includes('written 3'), 'the run')
    expect(tip()).toBe(3)
    expect([1, 2, 3].map((height) => ledger.certificate(height)?.cid)).toEqual([undefined, undefined, 3])
    // The fourth still stands on what is written now.
    chain.makeFinal(certify(blocks[3]))
    await until(() => told.includes('written 4'), 'the fourth')
    expect(ledger.header(4)?.hash).toBe(blocks[3]?.sealed.hash)
  })

  it('gives blocks to peers and clients before they are written, each with what proves it', async () => {
    const values = [valueAt(1), valueAt(2), valueAt(3)]
    const blocks = await peerBlocks(values)
    let written: () => void = () => undefined
    disk = new Promise((resolve) => {
      written = resolve
    })
    await run(1, values)
    chain.makeFinal(certify(blocks[1]))
    expect(tip()).toBe(0)
    expect(chain.records(1, 1, () => true).map(({ certificate }) => certificate?.cid)).toEqual([undefined, 2])
    // Less than up to a certificate would be of no use, and what is not final is never given.
    expect(chain.records(1, 3, () => false).map(({ sealed }) => sealed.header.height)).toEqual([1, 2])
    expect(chain.records(2, 3, () => true).map(({ sealed }) => sealed.header.height)).toEqual([2])
    chain.makeFinal(certify(blocks[2]))
    written()
    await until(() => told.includes('written 3'), 'both runs')
    expect(told.filter((line) => line.startsWith('written'))).toEqual(['written 2', 'written 3'])
    expect(chain.finalBlock(1)?.finality.certificate.cid).toBe(2)
  })

  it('of another block than the one executed here is a fault of this replica', async () => {
    await run(1, [valueAt(1)])
    const [other] = await peerBlocks([valueAt(2)])
    expect(() => chain.makeFinal(certify(other))).toThrow('final as another block')
  })
})

describe("a peer's blocks", () => {
  it('take the place of speculative ones of other values, and leave those that are the same', async () => {
    const [a, b, c] = [valueAt(1), valueAt(2), valueAt(3)]
    const blocks = await peerBlocks([a, b, c])
    await run(1, [a, valueAt(9), c])
    install(blocks.slice(0, 2))
    await until(() => told.includes('installed to 2, dropped'), 'the first two')
    await run(3, [c])
    install(blocks)
    await until(() => told.includes('installed to 3, kept'), 'the third')
    expect(counters.get('blocks-from-peers')).toBe(1)
    await until(() => tip() === 3, 'all to be written')
    expect(failure).toBeUndefined()
  })

  it('end its work when the same value on the same blocks gave another header here', async () => {
    const values = [valueAt(1), valueAt(2)]
    const blocks = await peerBlocks(values, 'two')
    await run(1, values.slice(0, 1))
    install(blocks)
    await until(() => failure !== undefined, 'the end')
    expect(failure).toBeInstanceOf(Diverged)
    expect(failure).toMatchObject({ height: 1 })
    expect([chain.final, tip()]).toEqual([0, 0])
  })

  it('count for nothing with a bad certificate, off the chain, or of another view', async () => {
    const blocks = await peerBlocks([valueAt(1), valueAt(2)])
    const certificate = certify(blocks[1])
    chain.install({ segments: [{ blocks, certificate: { ...certificate, signatures: [] } }] })
    chain.install({ segments: [{ blocks, certificate: { ...certificate, view: 1 } }] })
    install(blocks.slice(1))
    await until(() => chain.length === 0, 'all to be looked at')
    await turn()
    expect(told).toEqual([])
    install(blocks)
    await until(() => tip() === 2, 'the true ones')
  })

  it('of a view that is left are dropped, with all that is not final', async () => {
    const values = [valueAt(1), valueAt(2)]
    const blocks = await peerBlocks(values)
    await run(1, values)
    chain.makeFinal(certify(blocks[0]))
    await chain.leaveView()
    await chain.flushed()
    expect([chain.final, tip(), counters.get('rollbacks')]).toEqual([1, 1, 1])
  })
})
