import { afterEach, describe, expect, it } from 'vitest'
import { ByzantineMember } from '../support/byzantine.js'
import { InProcessNetwork, testSigner, until } from '../support/in-process.js'

let network: InProcessNetwork
afterEach(() => network.close())

describe('a network of replicas', () => {
  it('finalizes signed transactions with equal blocks everywhere', async () => {
    network = await InProcessNetwork.start(4)
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => network.append(i % 4, `entry ${i}`)))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    const height = Math.max(...network.replicas.map((_, id) => network.get(id).ledger.tip().header.height))
    await until(() => network.replicas.every((_, id) => network.get(id).ledger.tip().header.height >= height), 'height')
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
    const { height } = network.get(0).ledger.tip().header
    await until(() => network.get(1).ledger.tip().header.height >= height, 'the leader of old caught up')
    expect(await network.append(1, 'back again')).toMatchObject({ kind: 'final' })
  })

  it('gives every block that it calls final, however long its ledger takes to write it', async () => {
    network = new InProcessNetwork(4)
    network.ledgerWriteDelayMs = 40
    for (const id of [0, 1, 2]) await network.start(id)
    const peer = await ByzantineMember.join(network, 3)
    await until(() => peer.connected().length === 3, 'connections')
    const { ledger, replica } = network.get(2)
    const pulled = () => peer.replies().flatMap(({ blocks }) => blocks.map(({ sealed }) => sealed.header.height))
    let early = 0
    for (let i = 0; early < 3; i++) {
      if (i > 200) throw new Error('no block was final before it was written')
      expect(await network.append(2, `entry ${i}`)).toMatchObject({ kind: 'final' })
      const { finalized } = replica.status()
      if (finalized > ledger.tip().header.height) early += 1
      peer.fetch({ fromHeight: finalized, toHeight: finalized }, 2)
      await until(() => pulled().includes(finalized), `block ${finalized} from a peer`)
    }
    await peer.leave()
  })

  it('takes transactions of whoever a final block enrolled, however long its ledger takes to write it', async () => {
    network = new InProcessNetwork(4)
    network.ledgerWriteDelayMs = 40
    for (const id of [0, 1, 2, 3]) await network.start(id)
    const { ledger, replica } = network.get(2)
    let early = 0
    for (let i = 0; early < 3; i++) {
      if (i > 200) throw new Error('no block was final before it was written')
      const signer = testSigner(`member ${i}`)
      const member = { name: `member-${i}`, keyType: 'ed25519', publicKey: signer.publicKey, kind: 'client' }
      const enrolled = await network.call(2, network.identity(2, 'admin'), 'identity', 'enroll', member)
      expect(enrolled.code).toBe('')
      const entry = { category: 'test', subject: 'subject', payload: 'first' }
      const transaction = await network.encode({ organization: 'org2', signer }, 'logbook', 'append', entry)
      if (replica.status().finalized > ledger.tip().header.height) early += 1
      expect(await network.submit(2, transaction)).toMatchObject({ kind: 'final' })
    }
  })

  it('continues on the same data after all stopped', async () => {
    network = await InProcessNetwork.start(4)
    expect(await network.append(0, 'before')).toMatchObject({ kind: 'final' })
    const { height } = network.get(0).ledger.tip().header
    for (let id = 0; id < 4; id++) await network.stop(id)
    for (let id = 0; id < 4; id++) await network.start(id)
    const after = await network.append(2, 'after')
    expect(after).toMatchObject({ kind: 'final' })
    await until(() => network.get(2).ledger.tip().header.height > height, 'the new block')
  })
})
