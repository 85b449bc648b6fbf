import { afterEach, describe, expect, it } from 'vitest'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork
afterEach(() => network.close())

describe('a network of replicas', () => {
  it('finalizes signed transactions with equal blocks everywhere', async () => {
    network = await InProcessNetwork.start(4)
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => network.append(i % 4, `entry ${i}`)))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    const height = Math.max(...network.replicas.map((_, id) => network.get(id).ledger.finalized().height))
    await until(() => network.replicas.every((_, id) => network.get(id).ledger.finalized().height >= height), 'height')
    for (let h = 1; h <= height; h++) {
      const hashes = network.replicas.map((_, id) => network.get(id).ledger.header(h)?.hash)
      expect(new Set(hashes).size).toBe(1)
    }
  })

  it('takes vouched transactions from clients of its own organization only', async () => {
    network = await InProcessNetwork.start(4)
    const args = { category: 'test', subject: 'subject', payload: 'vouched' }
    const own = await network.encode({ organization: 'org1', client: 'meter-reader' }, 'logbook', 'append', args)
    expect(await network.submit(1, own, 'meter-reader')).toMatchObject({ kind: 'final' })
    expect(await network.submit(1, own, 'somebody-else')).toMatchObject({ code: 'api/unauthorized' })
    const foreign = await network.encode({ organization: 'org1', client: 'meter-reader' }, 'logbook', 'append', args)
    expect(await network.submit(2, foreign, 'meter-reader')).toMatchObject({ code: 'transaction/foreign-vouching' })
  })

  it('gives the first receipt to whoever sends the same bytes again, to any replica', async () => {
    network = await InProcessNetwork.start(4)
    const args = { category: 'test', subject: 'subject', payload: 'once' }
    const transaction = await network.encode(network.identity(0), 'logbook', 'append', args)
    const both = await Promise.all([network.submit(0, transaction), network.submit(1, transaction)])
    const again = await network.submit(2, transaction)
    const heights = [...both, again].map((outcome) =>
      outcome.kind === 'final' ? outcome.block.sealed.header.height : 0,
    )
    expect(new Set(heights).size).toBe(1)
    expect(heights[0]).toBeGreaterThan(0)
  })

  it('goes on after the leader stopped, and takes it back', async () => {
    network = await InProcessNetwork.start(4)
    expect(await network.append(0, 'before')).toMatchObject({ kind: 'final' })
    await network.stop(1)
    expect(await network.append(0, 'without the leader')).toMatchObject({ kind: 'final' })
    await network.start(1)
    const { height } = network.get(0).ledger.finalized()
    await until(() => network.get(1).ledger.finalized().height >= height, 'the leader of old caught up')
    expect(await network.append(1, 'back again')).toMatchObject({ kind: 'final' })
  })

  it('calls a height final only when it can give the block, however long its log takes', async () => {
    network = await InProcessNetwork.start(4)
    network.logSyncDelayMs = 20
    const { replica, ledger } = network.get(2)
    let ahead = 0
    const watch = setInterval(() => {
      if (replica.status().finalized > ledger.finalized().height) ahead += 1
    }, 1)
    for (let i = 0; i < 8; i++) expect(await network.append(i % 4, `entry ${i}`)).toMatchObject({ kind: 'final' })
    clearInterval(watch)
    expect(ahead).toBe(0)
  })

  it('continues on the same data after all stopped', async () => {
    network = await InProcessNetwork.start(4)
    expect(await network.append(0, 'before')).toMatchObject({ kind: 'final' })
    const { height } = network.get(0).ledger.finalized()
    for (let id = 0; id < 4; id++) await network.stop(id)
    for (let id = 0; id < 4; id++) await network.start(id)
    const after = await network.append(2, 'after')
    expect(after).toMatchObject({ kind: 'final' })
    expect(network.get(2).ledger.finalized().height).toBeGreaterThan(height)
  })
})
