import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { governanceKeys } from '../../src/contracts/index.js'
import { InProcessNetwork, testReplica, until } from '../support/in-process.js'

/** Views that change while transactions are ordered (consensus.md, Reconfiguration). */

const ORGANIZATIONS = 7
let network: InProcessNetwork

beforeEach(async () => {
  network = new InProcessNetwork(4, {}, {}, ORGANIZATIONS)
  await Promise.all([0, 1, 2, 3].map((id) => network.start(id)))
})

afterEach(async () => {
  await network.close()
})

const add = (id: number) => ({ kind: 'add', ...testReplica(id) })
const remove = (replica: number) => ({ kind: 'remove', replica })
const change = (changes: readonly object[], voters: readonly number[]) => network.changeView(changes, voters)

const running = (): readonly number[] => network.replicas.flatMap((replica, id) => (replica === undefined ? [] : [id]))
const viewOf = (id: number): number => network.get(id).replica.status().view

function sameBlocks(): void {
  const [first = 0, ...others] = running()
  const reference = network.get(first).ledger
  for (const id of others) {
    const { ledger } = network.get(id)
    const height = Math.min(ledger.tip().header.height, reference.tip().header.height)
    expect(ledger.header(height)?.hash).toBe(reference.header(height)?.hash)
  }
}

/** Keeps a few transactions on their way through these replicas; gives the ids of all that were acknowledged. */
function load(replicas: () => readonly number[]) {
  const acknowledged: { id: string; height: number }[] = []
  let serial = 0
  let ended = false
  const one = async (worker: number): Promise<void> => {
    while (!ended) {
      serial += 1
      const ids = replicas()
      const id = ids[serial % ids.length] ?? 0
      const outcome = await network.append(id, `entry ${worker} ${serial}`, 0)
      if (outcome.kind === 'final') {
        const { sealed, transactions } = outcome.block
        acknowledged.push({ id: transactions[outcome.index] ?? '', height: sealed.header.height })
      } else await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const workers = [0, 1, 2].map(one)
  const end = async () => {
    ended = true
    await Promise.all(workers)
    return acknowledged
  }
  return { end, count: () => acknowledged.length }
}

describe('reconfiguration', () => {
  it('grows from 4 to 7 and shrinks to 4 again under load, and loses nothing', async () => {
    const traffic = load(() => [0, 1, 2, 3])
    for (const id of [4, 5, 6]) {
      await network.start(id)
      await change([add(id)], [0, 1, 2, 3, 4, 5].slice(0, id))
      await until(() => running().every((replica) => viewOf(replica) === id - 3), `view ${id - 3} everywhere`)
    }
    const before = traffic.count()
    await until(() => traffic.count() > before + 20, 'transactions in the view of seven')
    await change([remove(4), remove(5), remove(6)], [0, 1, 2, 3, 4])
    await until(() => [0, 1, 2, 3].every((replica) => viewOf(replica) === 4), 'the view of four again')
    const late = traffic.count()
    await until(() => traffic.count() > late + 20, 'transactions in the last view')
    const acknowledged = await traffic.end()
    const top = Math.max(...acknowledged.map(({ height }) => height))
    const members = [0, 1, 2, 3]
    await until(() => members.every((id) => network.get(id).ledger.tip().header.height >= top), 'all have executed all')
    sameBlocks()
    for (const id of members) {
      for (const { id: transaction, height } of acknowledged) {
        expect(network.get(id).ledger.locate(transaction)?.height).toBe(height)
      }
    }
    // Who left follows, and serves what it has.
    await until(() => viewOf(4) === 4, 'the replica that left knows of it')
    expect(network.get(4).replica.status().silent).toBe('following')
  }, 60_000)

  it('goes on in an idle network, and forgets the keys of the view that ended', async () => {
    const old = network.keys(0).held()
    expect(old).toHaveLength(1)
    await network.start(4)
    const members = [0, 1, 2, 3]
    // Votes that are quicker than the announcements of the next keys would leave the old ones in force (adr/0005).
    const announced = (id: number) => network.get(0).ledger.get(governanceKeys.nextKey(id)) !== undefined
    await network.changeView([add(4)], [0, 1, 2], () => until(() => members.every(announced), 'all next keys'))
    await until(() => running().every((replica) => viewOf(replica) === 1), 'the new view everywhere')
    // A key is erased once the log of the new view is on the disk, a moment after the replica says that it is in it.
    const erased = (id: number) => network.keys(id).held().length === 1
    await until(() => members.every(erased), 'the old keys erased')
    for (const id of members)
      expect(network.keys(id).signer(network.genesis.replicas[id]?.consensusKey ?? '')).toBeUndefined()
    expect((await network.append(4, 'through the new one')).kind).toBe('final')
    sameBlocks()
  }, 30_000)

  it('forgets them in a network that takes transactions of a few seconds only', async () => {
    await network.close()
    network = new InProcessNetwork(4, {}, { dedupWindowMs: 4_000 }, ORGANIZATIONS)
    await Promise.all([0, 1, 2, 3].map((id) => network.start(id)))
    const announced = (id: number) => network.get(0).ledger.get(governanceKeys.nextKey(id)) !== undefined
    await network.changeView([add(4)], [0, 1, 2], () => until(() => [0, 1, 2, 3].every(announced), 'all next keys'))
  })

  it('continues in the view that it was in after all stopped, and after a stop within the change', async () => {
    await network.start(4)
    await change([add(4)], [0, 1, 2])
    const ids = running()
    await Promise.all(ids.map((id) => network.stop(id)))
    await Promise.all(ids.map((id) => network.start(id)))
    await until(() => running().every((replica) => viewOf(replica) === 1), 'the new view everywhere')
    expect((await network.append(1, 'again')).kind).toBe('final')
    sameBlocks()
  }, 30_000)

  it('brings in who was away for the whole change', async () => {
    await network.stop(3)
    await network.start(4)
    await change([add(4)], [0, 1, 2])
    await until(() => running().every((replica) => viewOf(replica) === 1), 'the new view everywhere')
    for (let i = 0; i < 5; i++) await network.append(0, `while away ${i}`)
    // The first blocks are still being written when those of the next view come: no run may lead from one view into the other.
    network.ledgerWriteDelayMs = 100
    await network.start(3)
    await until(() => viewOf(3) === 1, 'the new view where it was missed')
    await network.stop(4)
    // Four of five are needed, so it must vote.
    expect((await network.append(3, 'back')).kind).toBe('final')
    sameBlocks()
  }, 30_000)
})
