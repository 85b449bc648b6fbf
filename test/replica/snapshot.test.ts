import { afterEach, describe, expect, it } from 'vitest'
import { nativeSuite } from '../../src/crypto/native.js'
import { verifyLedger } from '../../src/ledger/index.js'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork
afterEach(() => network.close())

/** A short memory, so that a few dozen blocks are enough to prune. */
const PARAMETERS = { window: 2, dedupWindowMs: 1_500 }
const PRUNING = { everyBlocks: 10, retainBlocks: 1 }

async function start(ids: readonly number[]): Promise<void> {
  network = new InProcessNetwork(4, {}, PARAMETERS)
  network.snapshots = PRUNING
  await Promise.all(ids.map((id) => network.start(id)))
}

const entry = (id: number, payload: string) =>
  network.encode(network.identity(id), 'logbook', 'append', { category: 'test', subject: 's', payload }, 1_400)

const append = async (id: number, payload: string) => network.submit(id, await entry(id, payload))

/** Appends entries until a height is final. */
async function work(id: number, height: number): Promise<void> {
  while (network.get(id).ledger.finalized().height < height) {
    const seen = network.get(id).ledger.finalized().height
    expect(await append(id, `entry ${seen}`)).toMatchObject({ kind: 'final' })
  }
}

const oldest = (id: number): number => network.get(id).ledger.oldest()
const finalized = (id: number): number => network.get(id).ledger.finalized().height

/** Works until the first block is pruned everywhere. */
async function workUntilPruned(ids: readonly number[]): Promise<void> {
  for (let height = 10; ids.some((id) => oldest(id) < 12); height += 10) await work(ids[0] ?? 0, height)
}

async function expectVerified(id: number): Promise<void> {
  await network.stop(id)
  const report = await verifyLedger({ database: network.database(id) }, { suite: nativeSuite })
  expect(report.problems).toEqual([])
  expect(report.oldest).toBeGreaterThan(1)
}

describe('a replica whose peers pruned what it lacks', () => {
  it('takes a snapshot, goes on with blocks, and votes', async () => {
    await start([0, 1, 2])
    await workUntilPruned([0, 1, 2])
    await network.start(3)
    await until(() => finalized(3) >= finalized(0) - 2, 'the new replica caught up')
    expect(network.get(3).counters.entries()).toBeDefined()
    expect(oldest(3)).toBeGreaterThan(1)
    // Now it is needed for a quorum.
    await network.stop(2)
    expect(await append(0, 'with the new one')).toMatchObject({ kind: 'final' })
    await until(() => finalized(3) === finalized(0), 'all blocks are final at the new one')
    expect(network.get(3).ledger.tip().hash).toBe(network.get(0).ledger.header(finalized(3))?.hash)
    await expectVerified(3)
    await expectVerified(0)
  })
})
