import { afterEach, describe, expect, it } from 'vitest'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'
import { Authenticity } from '../../src/replica/authenticity.js'
import type { Vote } from '../../src/types/index.js'
import { Cluster, digestOf } from '../consensus/cluster.js'
import { ByzantineMember } from '../support/byzantine.js'
import { InProcessNetwork, testSeed, until } from '../support/in-process.js'
import { kinds, OneReplica } from './one-replica.js'

/** Defects 6 to 11 of BFT-SMaRt: those that several replicas show. The first five are in known-defects.test.ts. */

const WINDOW = 4
const ALL = [0, 1, 2, 3] as const
const NONE = [
  [0, {}],
  [1, {}],
  [3, {}],
] as const

const finalEverywhere =
  (cluster: Cluster, digests: readonly string[], ids: readonly number[] = ALL) =>
  (): boolean =>
    ids.every((id) => digests.every((digest) => cluster.isFinal(id, digest)))

const situation = (cluster: Cluster): string =>
  cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')

let network: InProcessNetwork | undefined

afterEach(async () => {
  await network?.close()
  network = undefined
})

describe('6: what a transport drops is sent again', () => {
  it('whichever kind of message is lost, all of it, for a while', () => {
    for (const kind of ['propose', 'write', 'accept'] as const) {
      // Leaders have time: what is lost must come again without a change.
      const cluster = new Cluster(4, 6, { timings: { ...DEFAULT_TIMINGS, turnMs: 20_000, finishMs: 20_000 } })
      cluster.passes = (_from, _to, message) => message?.kind !== kind
      const digest = cluster.submit(0)
      cluster.run(1_000)
      expect(cluster.isFinal(0, digest), `final without ${kind}`).toBe(false)
      cluster.passes = () => true
      expect(cluster.run(3_000, finalEverywhere(cluster, [digest])), `after ${kind}\n${situation(cluster)}`).toBe(true)
      expect(cluster.nodes.every(({ regencies }) => regencies === 1)).toBe(true)
    }
  })

  it('of a regency change, too', () => {
    for (const kind of ['stop', 'stop-data', 'sync'] as const) {
      const cluster = new Cluster(4, 6)
      cluster.crash(1)
      cluster.passes = (_from, _to, message) => message?.kind !== kind
      const digest = cluster.submit(0)
      cluster.run(1_700)
      cluster.passes = () => true
      const done = finalEverywhere(cluster, [digest], [0, 2, 3])
      expect(cluster.run(4_000, done), `after ${kind}\n${situation(cluster)}`).toBe(true)
      expect([0, 2, 3].every((id) => cluster.node(id).regencies <= 3)).toBe(true)
    }
  })

  it('in the runtime, connections that break discard what waited in them, and nothing is missing in the end', async () => {
    network = await InProcessNetwork.start(4)
    const { network: links } = network
    const pending = []
    for (let round = 0; round < 12; round++) {
      pending.push(network.append(round % 4, `entry ${round}`))
      const [a, b] = [round % 4, (round + 1 + (round % 3)) % 4]
      links.disconnect(a, b)
      await new Promise((resolve) => setTimeout(resolve, 20))
      links.reconnect(a, b)
    }
    for (const outcome of await Promise.all(pending)) expect(outcome).toMatchObject({ kind: 'final' })
  })
})

/** The vote that a member is about to cast for a proposal, or has cast for a block, as its envelope tells. */
function voteSeen(networkId: Uint8Array, bytes: Uint8Array): Vote | undefined {
  const message = decodeEnvelope({ networkId, sha256: nativeSuite.sha256 }, bytes)?.signed.message
  if (message?.kind === 'accept') return message
  if (message?.kind !== 'propose') return undefined
  return { kind: 'write', cid: message.cid, regency: message.regency, digest: message.value.digest }
}

describe('7: a bad signature on an ACCEPT spoils no proof', () => {
  it('votes that are not signed by whom they name reach no certificate', async () => {
    const running = new InProcessNetwork(4)
    network = running
    await Promise.all([0, 1, 2].map((id) => running.start(id)))
    const attacker = await ByzantineMember.join(running, 3)
    await until(() => attacker.connected().length === 3, 'connections')
    // It sees each proposal and each ACCEPT, and votes for the same at once, in its own name and in that of others, with
    // signatures that are not theirs.
    const nobody = createSigner(testSeed('nobody'))
    let forged = 0
    const forge = setInterval(() => {
      for (const { frame } of attacker.inbox.splice(0)) {
        if (frame.kind !== 'envelope') continue
        const vote = voteSeen(attacker.networkId, frame.bytes)
        if (vote === undefined) continue
        forged += 1
        for (const sender of ALL) attacker.say(vote, { sender, signer: nobody })
      }
    }, 1)
    const outcomes = await Promise.all(Array.from({ length: 9 }, (_, i) => running.append(i % 3, `entry ${i}`)))
    clearInterval(forge)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    expect(forged).toBeGreaterThan(0)
    await until(() => [0, 1, 2].every((id) => running.get(id).ledger.tip().header.height > 0), 'written blocks')
    for (const id of [0, 1, 2]) {
      const { ledger, replica, counters } = running.get(id)
      expect(counters.get('rejected.bad-signature')).toBeGreaterThan(0)
      const certificates = Array.from({ length: ledger.tip().header.height }, (_, i) => ledger.certificate(i + 1))
      const proofs = certificates.filter((certificate) => certificate !== undefined)
      expect(proofs.length).toBeGreaterThan(0)
      const authenticity = new Authenticity(replica.context)
      for (const proof of proofs) expect(authenticity.certificateProblem(proof, 'accept')).toBeUndefined()
    }
    await attacker.leave()
  })
})

describe('8: what was executed is known after a state transfer', () => {
  it('a transaction that a member batches again is passed over by a replica that took its blocks from others', async () => {
    const running = await InProcessNetwork.start(4)
    network = running
    const args = { category: 'c', subject: 's', payload: 'once' }
    const encode = (payload: string) => running.encode(running.identity(0), 'logbook', 'append', { ...args, payload })
    const transaction = await encode('once')
    expect(await running.submit(0, transaction)).toMatchObject({ kind: 'final' })
    await running.stop(2)
    running.loseLedger(2)
    await running.start(2)
    await until(() => running.get(2).ledger.locate(transaction.id) !== undefined, 'the transfer')
    await running.stop(3)
    const member = await ByzantineMember.join(running, 3)
    await until(() => member.connected().length === 3, 'connections')
    const late = await encode('new in the same batch')
    member.sendBatch(member.batch([transaction.bytes, late.bytes]).bytes)
    for (const id of [0, 1, 2]) {
      await until(() => running.get(id).ledger.locate(late.id) !== undefined, 'the new one')
    }
    const place = running.get(0).ledger.locate(late.id) ?? expect.fail()
    const hashes = [0, 1, 2].map((id) => running.get(id).ledger.header(place.height)?.hash)
    expect(new Set(hashes).size).toBe(1)
    expect(running.get(2).ledger.receipts(place.height)).toHaveLength(1)
    for (const id of [0, 1, 2]) expect(running.get(id).replica.status().health).toBe('running')
    await member.leave()
  })
})

describe('9: a replica that stood still catches up, and its memory is bounded', () => {
  it('votes for however many slots and epochs open no more than two windows', () => {
    const replica = new OneReplica(2)
    for (let cid = 1; cid <= 500; cid++) {
      const { digest } = replica.value(cid)
      replica.giveFrom([0, 1, 3], { kind: 'write', cid, regency: 1, digest })
      replica.giveFrom([0, 1], { kind: 'accept', cid, regency: 1, digest, header: digestOf(`${cid}`) })
    }
    for (let regency = 2; regency <= 200; regency++) replica.writes(1, replica.value(regency), regency)
    expect(replica.core.status().openInstances).toBeLessThanOrEqual(2 * replica.options.window)
    expect(replica.core.durableRecords().length).toBeLessThanOrEqual(3 + replica.options.window)
  })

  it('cut off under load, it comes back over many windows of blocks', () => {
    const cluster = new Cluster(4, 9)
    const paused = 3
    const digests: string[] = []
    let openMax = 0
    cluster.passes = (from, to) => from !== paused && to !== paused
    for (let i = 0; i < 200; i++) {
      digests.push(cluster.submit(i % 3))
      cluster.run(50)
      for (const { core } of cluster.nodes) openMax = Math.max(openMax, core.status().openInstances)
    }
    const behind = cluster.chain(0).length - cluster.chain(paused).length
    expect(behind).toBeGreaterThan(10 * WINDOW)
    cluster.passes = () => true
    expect(cluster.run(30_000, finalEverywhere(cluster, digests)), situation(cluster)).toBe(true)
    cluster.checkAgreement()
    expect(openMax).toBeLessThanOrEqual(2 * WINDOW)
    // It votes: without another one it is needed.
    cluster.crash(0)
    expect(cluster.run(10_000, finalEverywhere(cluster, [cluster.submit(1)], [1, 2, 3])), situation(cluster)).toBe(true)
  })

  it('in the runtime, the others go on without it and hold no more for it than two windows', async () => {
    const running = await InProcessNetwork.start(4)
    network = running
    const paused = 3
    for (const id of [0, 1, 2]) running.network.disconnect(id, paused)
    const { window } = running.genesis.parameters
    for (let i = 0; i < 3 * window; i++) {
      expect(await running.append(i % 3, `without ${i}`)).toMatchObject({ kind: 'final' })
      for (const id of ALL) expect(running.get(id).replica.status().openInstances).toBeLessThanOrEqual(2 * window)
    }
    const heightOf = (id: number): number => running.get(id).ledger.tip().header.height
    const height = heightOf(0)
    expect(height - heightOf(paused)).toBeGreaterThan(2 * window)
    for (const id of [0, 1, 2]) running.network.reconnect(id, paused)
    await until(() => heightOf(paused) >= height, 'the paused replica level again')
    await running.stop(0)
    expect(await running.append(paused, 'needs it')).toMatchObject({ kind: 'final' })
  })
})

describe('10: two links that lose every WRITE', () => {
  const links = ALL.flatMap((from) => ALL.filter((to) => to !== from).map((to) => `${from}-${to}`))

  function withoutWrites(cluster: Cluster, dropped: readonly string[]): void {
    cluster.passes = (from, to, message) =>
      message?.kind !== 'write' || message.regency > 1 || !dropped.includes(`${from}-${to}`)
  }

  const pairs = (all: readonly string[]): (readonly [string, string])[] =>
    all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other] as const))

  it('whichever they are, in the first regency, halt nobody', () => {
    for (const [seed, pair] of pairs(links).entries()) {
      const cluster = new Cluster(4, seed)
      withoutWrites(cluster, pair)
      const digests = ALL.map((lane) => cluster.submit(lane))
      const done = cluster.run(20_000, finalEverywhere(cluster, digests))
      expect(done, `without ${pair.join(' and ')}\n${situation(cluster)}`).toBe(true)
      cluster.checkAgreement()
    }
  })

  it('and, with a follower gone as well, what others said is handed on, and no leader is given up (L6)', () => {
    let changed = 0
    for (const gone of [0, 2, 3]) {
      const left = ALL.filter((id) => id !== gone)
      for (const [seed, pair] of pairs(links.filter((link) => !link.includes(String(gone)))).entries()) {
        const cluster = new Cluster(4, seed)
        cluster.crash(gone)
        withoutWrites(cluster, pair)
        const digests = left.map((lane) => cluster.submit(lane))
        const done = cluster.run(20_000, finalEverywhere(cluster, digests, left))
        expect(done, `without ${gone}, ${pair.join(' and ')}\n${situation(cluster)}`).toBe(true)
        if (left.some((id) => cluster.node(id).regencies > 1)) changed += 1
        cluster.checkAgreement()
      }
    }
    expect(changed).toBe(0)
  })
})

describe('11: timeouts back off, and reads keep nothing waiting', () => {
  it('each failed regency doubles the patience up to the cap, and a decision takes half of it back', () => {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    const patience: number[] = []
    for (const regency of [3, 5, 7, 9, 11, 13, 15]) {
      patience.push(Math.floor(replica.waitFor('stop', 60_000) / 1_000))
      replica.changeTo(regency, NONE)
    }
    expect(patience).toEqual([1, 1, 2, 4, 8, 16, 30])
    const value = replica.valueOf(replica.value(1).batches, replica.wallMs)
    replica.propose(1, value, 15)
    replica.writes(1, value, 15)
    expect(kinds(replica.accepts(1, value, 15))).toContain('final')
    replica.giveBatch(2)
    replica.wait(50)
    expect(Math.floor(replica.waitFor('stop', 60_000) / 1_000)).toBeLessThanOrEqual(30)
  })

  it('hundreds of reads at a replica cost no transaction its order, and need nobody else', async () => {
    const running = await InProcessNetwork.start(4)
    network = running
    const url = await running.serve(0)
    const read = async () => (await fetch(`${url}/v1/status`)).ok && (await fetch(`${url}/v1/blocks/1`)).ok
    expect(await running.append(0, 'first')).toMatchObject({ kind: 'final' })
    const reads = Promise.all(Array.from({ length: 200 }, read))
    const writes = await Promise.all(Array.from({ length: 8 }, (_, i) => running.append(i % 4, `entry ${i}`)))
    for (const outcome of writes) expect(outcome).toMatchObject({ kind: 'final' })
    expect((await reads).every(Boolean)).toBe(true)
    for (const id of ALL) expect(running.get(id).replica.status().regency).toBe(1)
    for (const id of [1, 2, 3]) await running.stop(id)
    expect(await read()).toBe(true)
  })
})
