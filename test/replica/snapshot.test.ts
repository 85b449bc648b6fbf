import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { toHex } from '../../src/base/bytes.js'
import { LedgerAudit } from '../../src/cli/ledger-audit.js'
import { EtalonClient } from '../../src/client/index.js'
import { encodeFrame } from '../../src/codec/frame.js'
import { decodeWholeBlock, encodeWholeBlock } from '../../src/codec/snapshot.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { verifyLedger } from '../../src/ledger/index.js'
import { heightKey, stateKey } from '../../src/ledger/keyspaces.js'
import { CounterMap } from '../../src/node/counters.js'
import { genesisHashOf } from '../../src/node/create-node.js'
import { inlineVerifier } from '../../src/node/signature-pool.js'
import { Authenticity } from '../../src/replica/authenticity.js'
import { isRolledBack, type Outcome } from '../../src/replica/index.js'
import { Ingress } from '../../src/replica/ingress.js'
import { SnapshotServer } from '../../src/replica/snapshot-server.js'
import { openWhole } from '../../src/replica/snapshot-window.js'
import type { WalRecord } from '../../src/types/index.js'
import { ByzantineMember } from '../support/byzantine.js'
import { InProcessNetwork, silent, statusOf, testReplica, until } from '../support/in-process.js'

let network: InProcessNetwork
afterEach(async () => {
  await network.close()
  vi.restoreAllMocks()
})

const PRUNING = { everyBlocks: 10, retainBlocks: 1 }

async function start(ids: readonly number[]): Promise<void> {
  network = new InProcessNetwork(4, {}, { window: 2 })
  network.snapshots = PRUNING
  await Promise.all(ids.map((id) => network.start(id)))
}

const entry = (id: number, payload: string, validForMs = 30_000) =>
  network.encode(network.identity(id), 'logbook', 'append', { category: 'test', subject: 's', payload }, validForMs)

const append = async (id: number, payload: string) => network.submit(id, await entry(id, payload))

/** Lets more time pass than the network remembers transactions for, at once and for all replicas. */
function passDedupWindow(): void {
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + network.genesis.parameters.dedupWindowMs + 1_000)
}

/** Appends entries until a height is final. */
async function work(id: number, height: number): Promise<void> {
  while (network.get(id).ledger.tip().header.height < height) {
    const seen = network.get(id).ledger.tip().header.height
    expect(await append(id, `entry ${seen}`)).toMatchObject({ kind: 'final' })
  }
}

const oldest = (id: number): number => network.get(id).ledger.oldest()
const finalized = (id: number): number => network.get(id).ledger.tip().header.height

/** Works until old blocks are pruned everywhere. */
async function workUntilPruned(ids: readonly number[]): Promise<void> {
  if (!vi.isMockFunction(Date.now)) {
    await work(ids[0] ?? 0, 20)
    passDedupWindow()
  }
  for (let height = 10; ids.some((id) => oldest(id) < 12); height += 10) await work(ids[0] ?? 0, height)
}

async function expectVerified(id: number): Promise<void> {
  await network.stop(id)
  const audit = new LedgerAudit(network.genesis, genesisHashOf(network.genesis))
  const report = await verifyLedger(
    { database: network.database(id) },
    {
      suite: nativeSuite,
      onState: (state) => audit.useState(state),
      checkCertificate: (certificate) => audit.certificateProblem(certificate),
      checkBody: (record, receipts) => audit.bodyProblem(record, receipts),
    },
  )
  expect(report.problems).toEqual([])
  expect(report.oldest).toBeGreaterThan(1)
}

const heightOf = (outcome: Outcome): number => (outcome.kind === 'final' ? outcome.block.sealed.header.height : 0)
const countOf = (id: number, name: string): number => new Map(network.get(id).counters.entries()).get(name) ?? 0

/** Starts the replica that has nothing, and works until it has taken a snapshot. */
async function join(id: number): Promise<void> {
  await network.start(id)
  await until(() => countOf(id, 'snapshot.installed') === 1, 'a snapshot was installed')
  await until(() => finalized(id) >= finalized(0) - 1, 'the new replica caught up')
}

describe('a replica that joins a later view after its peers pruned', () => {
  it('follows the links to the view of the snapshot, and passes them on', async () => {
    network = new InProcessNetwork(4, {}, { window: 2 }, 6)
    network.snapshots = PRUNING
    for (const id of [0, 1, 2, 3]) await network.start(id)
    await network.start(4)
    await network.changeView([{ kind: 'add', ...testReplica(4) }], [0, 1, 2])
    await until(() => network.get(0).replica.status().view === 1, 'the second view')
    await workUntilPruned([0, 1, 2, 3])
    await network.start(5)
    await network.changeView([{ kind: 'add', ...testReplica(5) }], [0, 1, 2, 3])
    await until(() => countOf(5, 'snapshot.installed') === 1, 'a snapshot was installed')
    await until(() => network.get(5).replica.status().view === 2, 'the new replica is in the view')
    const receipt = await new EtalonClient({
      genesis: network.genesis,
      urls: [await network.serve(5)],
      identity: network.identity(5),
      suite: nativeSuite,
    }).submit('logbook', 'append', { category: 'test', subject: 's', payload: 'through the new one' })
    expect(receipt.proven.views).toHaveLength(2)
    expect(network.get(5).ledger.header(receipt.proven.views?.[0]?.sealed.header.height ?? 0)).toBeUndefined()
    await expectVerified(5)
    await expectVerified(0)
  }, 30_000)
})

describe('a replica whose peers pruned what it lacks', () => {
  it('takes a snapshot, goes on with blocks, and votes', async () => {
    await start([0, 1, 2])
    await workUntilPruned([0, 1, 2])
    await join(3)
    expect(oldest(3)).toBeGreaterThan(1)
    // Now it is needed for a quorum.
    await network.stop(2)
    expect(await append(0, 'with the new one')).toMatchObject({ kind: 'final' })
    await until(() => finalized(3) === finalized(0), 'all blocks are final at the new one')
    expect(network.get(3).ledger.tip().hash).toBe(network.get(0).ledger.header(finalized(3))?.hash)
    await expectVerified(3)
    await expectVerified(0)
  })

  it('knows what was executed before: sent again, a transaction gets its first receipt', async () => {
    await start([0, 1, 2])
    await work(0, 20)
    passDedupWindow()
    const once = await entry(0, 'once', 59_000)
    const first = await network.submit(0, once)
    expect(first).toMatchObject({ kind: 'final' })
    await workUntilPruned([0, 1, 2])
    await join(3)
    expect(network.get(3).replica.status().snapshot).toBeGreaterThanOrEqual(heightOf(first))
    const again = await network.submit(3, once)
    expect(heightOf(again)).toBe(heightOf(first))
    // And in a batch of a replica that does not mind, the new one passes over it like the others: their blocks agree.
    await network.stop(2)
    const member = await ByzantineMember.join(network, 2)
    await until(() => member.connected().length === 3, 'connected')
    member.sendBatch(member.batch([once.bytes]).bytes)
    expect(heightOf(await append(0, 'after'))).toBeGreaterThan(heightOf(first))
    await until(() => network.get(3).ledger.tip().header.height > heightOf(first) + 1, 'blocks go on')
    await until(() => finalized(3) >= finalized(0), 'no divergence')
    await member.leave()
    expect(network.get(3).replica.status().health).toBe('running')
    expect(network.get(3).ledger.locate(once.id)?.height).toBe(heightOf(first))
  })

  it('is not led astray by a member that lies about snapshots', async () => {
    await start([0, 1, 2])
    await workUntilPruned([0, 1, 2])
    await network.stop(2)
    const attacker = await ByzantineMember.join(network, 2)
    const { ledger, replica } = network.get(0)
    const server = new SnapshotServer(replica.context, { ledger, logger: silent }, { everyBlocks: 1_000_000 })
    server.start()
    const lying = setInterval(() => void lie(attacker, server, finalized(0)), 20)
    try {
      await network.start(3)
      await until(() => countOf(3, 'snapshot.installed') === 1, 'a snapshot was installed', 40_000)
      expect(
        ['bad-manifest', 'bad-chunk', 'bad-snapshot', 'bad-block'].some((kind) => countOf(3, `rejected.${kind}`) > 0),
      ).toBe(true)
      expect(await append(0, 'with the new one')).toMatchObject({ kind: 'final' })
      await until(() => finalized(3) === finalized(0), 'all blocks are final at the new one')
    } finally {
      clearInterval(lying)
      server.stop()
      await attacker.leave()
    }
    await expectVerified(3)
  }, 60_000)
})

/** Offers a snapshot higher than anybody has, and answers every request with the truth but for one byte. */
async function lie(attacker: ByzantineMember, server: SnapshotServer, height: number): Promise<void> {
  const status = statusOf({ finalized: height + 50, oldest: height, snapshot: height + 50 })
  if (attacker.connected().includes(3)) attacker.send(encodeFrame({ kind: 'status', status }), 3, 'transfer')
  for (const { from, frame } of attacker.inbox.splice(0)) {
    if (from !== 3 || frame.kind !== 'snapshot-request') continue
    const reply = await server.answer({ ...frame.request, height: 0 })
    const spoil = (bytes: Uint8Array) => bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1)
    if (reply === undefined) continue
    const spoiled = {
      height: frame.request.manifest ? height + 50 : frame.request.height,
      manifest: reply.manifest.length === 0 ? reply.manifest : spoil(reply.manifest),
      chunks: reply.chunks.map(spoil),
      blocks: reply.blocks.map(spoil),
    }
    attacker.send(encodeFrame({ kind: 'snapshot-reply', reply: spoiled }), 3, 'transfer')
  }
}

describe('a block with its receipts', () => {
  it('is found out, whichever byte is changed', async () => {
    await start([0, 1, 2])
    await work(0, 3)
    const { ledger, replica } = network.get(0)
    const { context } = replica
    const ingress = new Ingress(context, new Authenticity(context), inlineVerifier(nativeSuite), new CounterMap())
    const block = ledger.whole(2) ?? expect.fail()
    const { hash } = block.record.sealed
    expect(openWhole(context, ingress, block, hash)).toBeDefined()
    const bytes = encodeWholeBlock(block)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const decoded = decodeWholeBlock(nativeSuite.sha256, bytes.with(at, (bytes[at] ?? 0) ^ flip))
        if (decoded === undefined || openWhole(context, ingress, decoded, hash) === undefined) return
        // What the format ignores may differ, and a certificate be lost that the hash makes up for.
        expect(decoded.receipts.map(toHex)).toEqual(block.receipts.map(toHex))
        expect(toHex(decoded.record.sealed.bytes)).toBe(toHex(block.record.sealed.bytes))
      }),
      { numRuns: 300 },
    )
    const other = ledger.whole(1) ?? expect.fail()
    for (const lying of [
      other,
      { ...block, receipts: [] },
      { ...block, receipts: other.receipts },
      { ...block, receipts: [...block.receipts, ...block.receipts] },
      { ...block, record: { ...block.record, body: other.record.body } },
      { ...block, record: { ...block.record, certificate: other.record.certificate ?? expect.fail() } },
    ]) {
      expect(openWhole(context, ingress, lying, hash)).toBeUndefined()
    }
  })
})

describe('the scrub of a running replica', () => {
  async function damage(id: number, key: Buffer): Promise<void> {
    const value = (await network.database(id).get(key)) ?? expect.fail()
    await network.database(id).put(key, Buffer.from(value.with(1, (value[1] ?? 0) ^ 1)))
  }

  it('has a damaged block given again by a peer', async () => {
    await start([0, 1, 2])
    await work(0, 4)
    await damage(0, heightKey('body', 2))
    await damage(0, heightKey('receipts', 3))
    await until(() => network.get(0).replica.status().scrub.repaired >= 2, 'both blocks are mended')
    expect(countOf(0, 'scrub.damaged')).toBeGreaterThanOrEqual(2)
    await network.stop(0)
    expect((await verifyLedger({ database: network.database(0) }, { suite: nativeSuite })).problems).toEqual([])
  })

  it('halts on a damaged state, before it is executed on', async () => {
    await start([0, 1, 2])
    await work(0, 2)
    await damage(0, stateKey('identity/organizations/org1'))
    await until(() => network.get(0).replica.status().health === 'halted', 'it halts')
    expect(network.get(0).replica.status().problem).toContain('identity/organizations/org1')
  })
})

describe('a ledger that is older than the votes', () => {
  const accept = (cid: number): WalRecord => {
    const prepared = { kind: 'write', view: 0, cid, regency: 1, digest: '00', signatures: [] } as const
    return { kind: 'accept', prepared, value: new Uint8Array(), header: '00' }
  }

  it('is told from one that is not', () => {
    expect(isRolledBack(10, [accept(17), accept(18)], 8)).toBe(false)
    expect(isRolledBack(10, [accept(19), accept(3)], 8)).toBe(true)
    expect(isRolledBack(0, [], 8)).toBe(false)
    expect(isRolledBack(0, [{ kind: 'stop', regency: 100 }], 8)).toBe(false)
  })

  it('is said when the replica starts', async () => {
    await start([0, 1, 2])
    await work(0, 6)
    await network.stop(1)
    network.loseLedger(1)
    await network.start(1)
    expect(countOf(1, 'ledger-rolled-back')).toBe(1)
  })
})
