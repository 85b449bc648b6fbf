import { afterEach, describe, expect, it } from 'vitest'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { statementBytes } from '../../src/codec/statements.js'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { chooseForRegency, stopDataProblem } from '../../src/consensus/regency-choice.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'
import { Authenticity } from '../../src/replica/authenticity.js'
import type { Certificate, StopData } from '../../src/types/index.js'
import { Cluster, digestOf, testBatch, testView } from '../consensus/cluster.js'
import { ByzantineMember } from '../support/byzantine.js'
import { InProcessNetwork, testSeed, until } from '../support/in-process.js'
import { certificate, kinds, OneReplica, prepared, sent, stopDataOf } from './one-replica.js'

/** The defects of BFT-SMaRt that consensus.md names: each test fails where the rule that mends it is taken away. */

const view = testView(4)
const WINDOW = 4
const REGENCY = 5
const ALL = [0, 1, 2, 3] as const

const problem = (message: StopData): string | undefined =>
  stopDataProblem(message, REGENCY, { view, window: WINDOW, firstHeight: 1 })

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

describe('1: "nothing yet" is not the first epoch', () => {
  it('two locks of the first epoch and one report of nothing bind the value', () => {
    const lock = prepared(1, 1, digestOf('decided'))
    const reports = [{ prepared: [lock] }, { prepared: [lock] }, {}].map((changes) => stopDataOf(REGENCY, changes))
    for (const order of [reports, [...reports].reverse()]) {
      expect(chooseForRegency(order, 0).bindings.get(1)).toBe(digestOf('decided'))
    }
  })

  it('a replica votes for what one lock of the first epoch binds, and for nothing else there', () => {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    replica.giveBatch(2)
    replica.give(1, { kind: 'propose', cid: 1, regency: 1, value: replica.value(1) })
    const lock = prepared(1, 1, replica.value(1).digest)
    const effects = replica.changeTo(3, [
      [0, {}],
      [1, { prepared: [lock] }],
      [3, {}],
    ])
    const other = replica.give(3, { kind: 'propose', cid: 1, regency: 3, value: replica.value(2) })
    const digests = sent([...effects, ...other], 'write').map(({ digest }) => digest)
    expect(digests).toEqual([replica.value(1).digest])
  })
})

describe('2: a last decision that STOPDATA claims is proven', () => {
  it('a finalized height needs its certificate, and that of this height', () => {
    const claim = { finalized: 7 }
    expect(problem(stopDataOf(REGENCY, claim))).toContain('without certificate')
    const finality = certificate('persist', 6, 0, digestOf('block'))
    expect(problem(stopDataOf(REGENCY, { ...claim, finality }))).toContain('certificate of 6')
    expect(problem(stopDataOf(REGENCY, { ...claim, finality: { ...finality, cid: 7 } }))).toBeUndefined()
  })

  it('one liar does not stall the change: the leader shows it up and goes on with the others', () => {
    const leader = new OneReplica(2)
    leader.giveFrom([0, 1, 2, 3], { kind: 'stop', regency: 2, pending: [] })
    const lie = leader.give(0, stopDataOf(2, { finalized: 7 }))
    expect(lie).toMatchObject([{ kind: 'misbehaviour', evidence: { replica: 0, reason: 'bad-stop-data' } }])
    const effects = leader.giveFrom([1, 2, 3], stopDataOf(2))
    expect(sent(effects, 'sync').map(({ stopData }) => stopData.map(({ sender }) => sender))).toEqual([[1, 2, 3]])
  })
})

describe('3: a proof is checked for its cid, kind and epoch', () => {
  it.each<[string, Certificate<'write'>, string]>([
    [
      'kind',
      { ...certificate('accept', 3, 4, digestOf('a')), kind: 'accept' } as unknown as Certificate<'write'>,
      'kind',
    ],
    ['cid, too low', prepared(2, 4), 'ascending'],
    ['cid, beyond the window', prepared(2 + 2 * WINDOW + 1, 1), 'window'],
    ['epoch, that of the change itself', prepared(3, REGENCY), `epoch ${REGENCY}`],
    ['epoch, none', prepared(3, 0), 'regency 0'],
  ])('a lock of another %s does not count', (_, lock, words) => {
    const finality = certificate('persist', 2, 0, digestOf('block'))
    expect(problem(stopDataOf(REGENCY, { finalized: 2, finality, prepared: [lock] }))).toContain(words)
    expect(problem(stopDataOf(REGENCY, { finalized: 2, finality, prepared: [prepared(3, 4)] }))).toBeUndefined()
  })

  it('the signature of a vote is over all of them', () => {
    const vote = { view: 0, kind: 'accept', regency: 1, cid: 1, digest: digestOf('a') } as const
    const networkId = new Uint8Array(32)
    const statements = [
      vote,
      { ...vote, view: 1 },
      { ...vote, kind: 'write' as const },
      { ...vote, regency: 2 },
      { ...vote, cid: 2 },
      { ...vote, digest: digestOf('b') },
    ].map((changed) => Buffer.from(statementBytes(networkId, changed)).toString('hex'))
    expect(new Set(statements).size).toBe(statements.length)
  })
})

describe('4: votes of an epoch count in that epoch alone', () => {
  function inRegency3(): OneReplica {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    replica.give(1, { kind: 'propose', cid: 1, regency: 1, value: replica.value(1) })
    replica.giveFrom([0, 1], { kind: 'write', cid: 1, regency: 1, digest: replica.value(1).digest })
    replica.changeTo(3, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    return replica
  }

  it('stored WRITEs of an aborted epoch make no certificate with those of the next', () => {
    const replica = inRegency3()
    const { digest } = replica.value(1)
    replica.give(3, { kind: 'propose', cid: 1, regency: 3, value: replica.value(1) })
    expect(sent(replica.give(3, { kind: 'write', cid: 1, regency: 3, digest }), 'accept')).toEqual([])
    const effects = replica.giveFrom([0, 1], { kind: 'write', cid: 1, regency: 3, digest })
    expect(sent(effects, 'accept')).toEqual([{ kind: 'accept', cid: 1, regency: 3, digest }])
  })

  it('a quorum of an aborted epoch that comes late is a lock, and is not accepted', () => {
    const replica = inRegency3()
    const { digest } = replica.value(1)
    const late = replica.give(3, { kind: 'write', cid: 1, regency: 1, digest })
    expect(sent(late, 'accept')).toEqual([])
    const change = replica.giveFrom([0, 1, 3], { kind: 'stop', regency: 4, pending: [] })
    expect(sent(change, 'stop-data')).toMatchObject([{ prepared: [{ cid: 1, regency: 1, digest }] }])
  })
})

describe('5: a batch that a bound value displaced is proposed again', () => {
  const named = (effects: readonly ReturnType<typeof sent<'propose'>>[number][]): (readonly [number, string])[] =>
    effects.flatMap(({ cid, value }) => value.batches.map((digest) => [cid, digest] as const))

  it('by the new leader, above what it is bound to', () => {
    const leader = new OneReplica(2)
    leader.giveBatch(1)
    leader.giveBatch(2)
    leader.give(1, { kind: 'propose', cid: 1, regency: 1, value: leader.value(1) })
    leader.give(1, { kind: 'propose', cid: 2, regency: 1, value: leader.value(2) })
    // Batch 1 stood in cid 1, where the null value is bound now; batch 2 keeps cid 2.
    const lock = prepared(2, 1, leader.value(2).digest)
    const effects = leader.changeTo(2, [
      [0, {}],
      [1, {}],
      [3, { prepared: [lock] }],
    ])
    expect(named(sent([...effects, ...leader.wait(200)], 'propose'))).toEqual([[3, testBatch(0, 1).digest]])
  })

  it('by the leader that proposed it before, when its turn comes again', () => {
    const leader = new OneReplica(1)
    expect(named(sent(leader.giveBatch(1), 'propose'))).toEqual([[1, testBatch(0, 1).digest]])
    const other = prepared(1, 2, digestOf('another value'))
    const effects = leader.changeTo(5, [
      [0, {}],
      [2, { prepared: [other] }],
      [3, {}],
    ])
    expect(named(sent([...effects, ...leader.wait(200)], 'propose'))).toEqual([[2, testBatch(0, 1).digest]])
  })
})

describe('6: what a transport drops is sent again', () => {
  it('whichever kind of message is lost, all of it, for a while', () => {
    for (const kind of ['propose', 'write', 'accept', 'persist'] as const) {
      // Leaders have time: what is lost must come again without a change.
      const cluster = new Cluster(4, 6, { timings: { ...DEFAULT_TIMINGS, stopMs: 20_000 } })
      cluster.passes = (_from, _to, message) => message?.kind !== kind
      const digest = cluster.submit(0)
      cluster.run(1_000)
      expect(cluster.isFinal(0, digest), `final without ${kind}`).toBe(false)
      cluster.passes = () => true
      expect(cluster.run(3_000, finalEverywhere(cluster, [digest])), `after ${kind}\n${situation(cluster)}`).toBe(true)
      expect(cluster.nodes.every(({ regencies }) => regencies === 0)).toBe(true)
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
      expect([0, 2, 3].map((id) => cluster.node(id).regencies)).toEqual([2, 2, 2])
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

/** What a member is about to vote for, when a peer's envelope tells it. */
function votedFor(networkId: Uint8Array, bytes: Uint8Array) {
  const message = decodeEnvelope({ networkId, sha256: nativeSuite.sha256 }, bytes)?.signed.message
  if (message?.kind !== 'propose') return undefined
  return { cid: message.cid, regency: message.regency, digest: message.value.digest }
}

describe('7: a bad signature on an ACCEPT spoils no proof', () => {
  it('votes that are not signed by whom they name reach no certificate', async () => {
    const running = new InProcessNetwork(4)
    network = running
    await Promise.all([0, 1, 2].map((id) => running.start(id)))
    const attacker = await ByzantineMember.join(running, 3)
    await until(() => attacker.connected().length === 3, 'connections')
    // It sees each proposal and is the first to vote for it, in its own name and in that of others, with signatures that are not theirs.
    const nobody = createSigner(testSeed('nobody'))
    let forged = 0
    const forge = setInterval(() => {
      for (const { frame } of attacker.inbox.splice(0)) {
        if (frame.kind !== 'envelope') continue
        for (const kind of ['write', 'accept'] as const) {
          const vote = votedFor(attacker.networkId, frame.bytes)
          if (vote === undefined) continue
          forged += 1
          for (const sender of ALL) attacker.say({ ...vote, kind }, { sender, signer: nobody })
        }
      }
    }, 1)
    const outcomes = await Promise.all(Array.from({ length: 9 }, (_, i) => running.append(i % 3, `entry ${i}`)))
    clearInterval(forge)
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    expect(forged).toBeGreaterThan(0)
    for (const id of [0, 1, 2]) {
      const { ledger, replica, counters } = running.get(id)
      expect(counters.get('rejected.bad-signature')).toBeGreaterThan(0)
      for (let height = 1; height <= ledger.finalized().height; height++) {
        const decision = ledger.record(height)?.decision ?? expect.fail()
        expect(new Authenticity(replica.context).certificateProblem(decision, 'accept')).toBeUndefined()
      }
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
      for (const kind of ['write', 'accept', 'persist'] as const) {
        const regency = kind === 'persist' ? 0 : 1
        replica.giveFrom([0, 1, 3], { kind, cid, regency, digest: replica.value(cid).digest })
      }
    }
    for (let regency = 2; regency <= 200; regency++) {
      replica.giveFrom([0, 1, 3], { kind: 'write', cid: 1, regency, digest: replica.value(regency).digest })
    }
    expect(replica.core.status().openInstances).toBeLessThanOrEqual(2 * replica.options.window)
    const records = replica.core.durableRecords()
    expect(records.length).toBeLessThanOrEqual(2 + 2 * 2 * replica.options.window)
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
    const behind = cluster.node(0).chain.length - cluster.node(paused).chain.length
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
    const { height } = running.get(0).ledger.finalized()
    expect(height - running.get(paused).ledger.finalized().height).toBeGreaterThan(2 * window)
    for (const id of [0, 1, 2]) running.network.reconnect(id, paused)
    await until(() => running.get(paused).ledger.finalized().height >= height, 'the paused replica level again')
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

  it('and, with a follower gone as well, the others elect a leader under whom all goes on', () => {
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
    expect(changed).toBeGreaterThan(0)
  })
})

describe('11: timeouts back off, and reads keep nothing waiting', () => {
  it('each failed regency doubles the patience up to the cap, and a decision takes it back', () => {
    const replica = new OneReplica(2)
    replica.giveBatch(1)
    const patience: number[] = []
    for (let regency = 2; regency <= 9; regency++) {
      const before = replica.nowMs
      while (sent(replica.wait(100), 'stop').every((stop) => stop.regency < regency)) {
        if (replica.nowMs - before > 60_000) expect.fail(`no STOP for regency ${regency}`)
      }
      patience.push(replica.nowMs - before)
      replica.giveFrom([0, 1, 2, 3], { kind: 'stop', regency, pending: [] })
    }
    expect(patience).toEqual([1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1_000))
    replica.changeTo(11, [
      [0, {}],
      [1, {}],
      [3, {}],
    ])
    const value = replica.options.makeValue(replica.nowMs, replica.value(1).batches)
    replica.give(3, { kind: 'propose', cid: 1, regency: 11, value })
    const decided = replica.giveFrom([0, 1, 3], { kind: 'accept', cid: 1, regency: 11, digest: value.digest })
    expect(kinds(decided)).toContain('deliver')
    expect(sent(replica.wait(DEFAULT_TIMINGS.stopMs + 100), 'stop')).toMatchObject([{ regency: 12 }])
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
