import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromBase64, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import type { EncodedTransaction } from '../../src/client/index.js'
import { makeValue, sealHeader } from '../../src/codec/block.js'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { encodeFrame } from '../../src/codec/frame.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'
import {
  type Base,
  type BlockRecord,
  type FinalityCertificate,
  LIMITS,
  type Lock,
  type Message,
  type PreparedCertificate,
  type ReplicaId,
  type Stop,
  type StopData,
} from '../../src/types/index.js'
import { ByzantineMember, replicaSigner } from '../support/byzantine.js'
import { InProcessNetwork, statusOf, testSeed, testSigner, until } from '../support/in-process.js'
import { plain } from '../support/plain.js'

const { sha256 } = nativeSuite
/** Correct replicas; replica 3 is the attacker's. In regency 1 replica 1 leads, in 3 the attacker. */
const CORRECT: readonly ReplicaId[] = [0, 1, 2]
const DIGEST = 'ab'.repeat(32)
const FAR = 1_000_003

let network: InProcessNetwork
let attacker: ByzantineMember

beforeEach(async () => {
  network = new InProcessNetwork(4)
  await Promise.all(CORRECT.map((id) => network.start(id)))
  attacker = await ByzantineMember.join(network, 3)
  await until(() => attacker.connected().length === 3, 'connections')
})

/** Whatever was sent, all three work, agree, and finalize what is good: without the attacker each is needed. */
afterEach(async () => {
  const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, `good at ${id}`)))
  for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
  const height = Math.max(...CORRECT.map((id) => network.get(id).ledger.tip().header.height))
  await until(() => CORRECT.every((id) => network.get(id).ledger.tip().header.height >= height), 'one height')
  expect(new Set(CORRECT.map((id) => network.get(id).ledger.header(height)?.hash)).size).toBe(1)
  for (const id of CORRECT) {
    const { health, regency } = network.get(id).replica.status()
    expect(health).toBe('running')
    // An attacker that does not lead may at most cost the time of its own turns.
    expect(regency).toBeLessThan(20)
  }
  await attacker.leave()
  await network.close()
})

/** Waits until a replica has counted so many of a kind. */
async function counted(id: ReplicaId, name: string, count = 1): Promise<void> {
  const { counters } = network.get(id)
  await until(() => counters.get(name) >= count, `${count} of ${name}, not ${counters.get(name)}`, 5_000)
  expect(counters.get(name)).toBe(count)
}

/** Waits until a replica has written all that is final there. @returns that height */
async function level(id: ReplicaId): Promise<number> {
  const { ledger, replica } = network.get(id)
  await until(() => ledger.tip().header.height === replica.status().finalized, 'all to be written')
  return ledger.tip().header.height
}

const next = (): number => network.get(0).ledger.tip().header.height + 1
const write = (changes: Partial<Extract<Message, { kind: 'write' }>> = {}): Message => ({
  kind: 'write',
  cid: next(),
  regency: 1,
  digest: DIGEST,
  ...changes,
})

/** Signatures of all correct replicas that none of them made. */
const forged = () => CORRECT.map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica + 1) }))

const forgedLock = (cid: number): PreparedCertificate => ({
  kind: 'write',
  view: 0,
  cid,
  regency: 1,
  digest: DIGEST,
  signatures: forged(),
})

const forgedFinality = (cid: number, digest = DIGEST, header = DIGEST): FinalityCertificate => ({
  ...forgedLock(cid),
  kind: 'accept',
  digest,
  header,
})

/** Nothing is final, and nothing is locked. */
const NOWHERE: Base = { height: 0, regency: 0, digest: '00'.repeat(32), header: '00'.repeat(32) }
const baseAt = (height: number): Base => ({ height, regency: 1, digest: DIGEST, header: DIGEST })
const lockAt = (cid: number): Lock => ({ cid, regency: 1, digest: DIGEST })
const stopData = (regency: number, changes: Partial<StopData> = {}): StopData => ({
  kind: 'stop-data',
  regency,
  base: NOWHERE,
  locks: [],
  ...changes,
})

describe('frames', () => {
  it('of random bytes are counted and cost nothing else', async () => {
    const random = new Random(1)
    for (let i = 0; i < 300; i++) attacker.send(random.bytes(random.below(200)), 0)
    const { counters } = network.get(0)
    await until(() => {
      const names = ['malformed-frame', 'malformed-message', 'bad-batch']
      return names.reduce((sum, name) => sum + counters.get(`rejected.${name}`), 0) > 200
    }, 'rejections')
  })

  it('cut off at any byte are counted', async () => {
    const whole = encodeFrame({ kind: 'envelope', bytes: attacker.sign(write()).bytes })
    for (let length = 0; length < whole.length; length++) attacker.send(whole.subarray(0, length), 0)
    await counted(0, 'rejected.malformed-frame', whole.length)
  })

  it('longer than their class allows cost the sender its connection, and it may come back', async () => {
    attacker.send(new Uint8Array(2 * 1024 * 1024), 0, 'consensus')
    await until(() => (attacker.counters().connectionsClosed ?? 0) > 0, 'the cut')
    await until(() => attacker.connected().length === 3, 'the connection back')
  })

  it('of an envelope or a batch larger than the protocol allows are counted', async () => {
    attacker.sendEnvelope(new Uint8Array(LIMITS.envelopeBytesMax + 1), 0)
    await counted(0, 'rejected.malformed-message')
    attacker.sendBatch(new Uint8Array(LIMITS.batchBytesMax + 1), 0)
    await counted(0, 'rejected.bad-batch')
  })
})

describe('votes', () => {
  it('of a stranger, of another view, or signed with another key are counted', async () => {
    attacker.say(write(), { sender: 9 }, 0)
    await counted(0, 'rejected.unknown-sender')
    attacker.say(write(), { view: 1 }, 0)
    await counted(0, 'rejected.wrong-view')
    attacker.say(write(), { sender: 1 }, 0)
    attacker.say(write(), { signer: createSigner(testSeed('stranger')) }, 0)
    await counted(0, 'rejected.bad-signature', 2)
  })

  it('are bound to what they were signed for: nothing of one is taken for another', async () => {
    const { bytes } = attacker.sign(write())
    for (let at = 0; at < bytes.length; at++) attacker.sendEnvelope(bytes.with(at, (bytes[at] ?? 0) ^ 1), 0)
    // The one that is counted comes after all of them.
    attacker.send(Uint8Array.of(255), 0)
    await counted(0, 'rejected.malformed-frame')
    const { counters, replica } = network.get(0)
    const rejected = (name: string) => counters.get(`rejected.${name}`)
    // Votes that could tell nothing, of slots far away, are dropped before any check; every signature that was checked was bad.
    expect(rejected('bad-signature')).toBeGreaterThan(64)
    expect(counters.get('signatures-checked')).toBe(rejected('bad-signature'))
    expect(replica.status().openInstances).toBe(0)
  })

  it('for two values in one slot are kept as evidence that anyone can check', async () => {
    const one = attacker.say(write())
    const two = attacker.say(write({ digest: 'cd'.repeat(32) }))
    for (const id of CORRECT) await counted(id, 'misbehaviour.equivocation')
    const url = await network.serve(0)
    const { evidence } = (await (await fetch(`${url}/v1/evidence`)).json()) as {
      readonly evidence: readonly { readonly replica: number; readonly reason: string; readonly messages: string[] }[]
    }
    expect(evidence).toMatchObject([{ replica: 3, reason: 'equivocation' }])
    const messages = evidence[0]?.messages.map((text) => fromBase64(text) ?? expect.fail('not base64')) ?? []
    expect(messages.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
      [one, two].map(({ bytes }) => Buffer.from(bytes).toString('hex')),
    )
    const publicKey = Buffer.from(network.genesis.replicas[3]?.consensusKey ?? '', 'hex')
    for (const bytes of messages) {
      const carried = decodeEnvelope({ networkId: attacker.networkId, sha256 }, bytes) ?? expect.fail('not a message')
      expect(nativeSuite.verifyEd25519(publicKey, carried.statement, carried.signed.signature)).toBe(true)
    }
  })

  it('for two headers of one value in one regency are evidence too, and for two regencies none', async () => {
    const accept = { kind: 'accept', cid: next(), regency: 1, digest: DIGEST, header: DIGEST } as const
    attacker.say(accept)
    attacker.say({ ...accept, regency: 2, header: 'cd'.repeat(32) })
    attacker.say({ ...accept, header: 'ef'.repeat(32) })
    for (const id of CORRECT) await counted(id, 'misbehaviour.equivocation')
  })

  it('of a quorum that nobody cast make no certificate', async () => {
    const before = network.get(0).replica.status()
    for (const certificate of [forgedFinality(next()), forgedLock(next()), forgedFinality(FAR)]) {
      attacker.send(encodeFrame({ kind: 'certificate', certificate }))
    }
    for (const id of CORRECT) await counted(id, 'rejected.bad-certificate', 3)
    expect(network.get(0).replica.status()).toMatchObject({ finalized: before.finalized, openInstances: 0 })
  })

  it('that contradict one another a thousand times fill neither the memory nor the list of evidence', async () => {
    attacker.say(write())
    for (let i = 0; i < 1_000; i++) attacker.say(write({ digest: i.toString(16).padStart(64, '0') }), {}, 0)
    await counted(0, 'misbehaviour.equivocation', 1_000)
    expect(network.get(0).replica.evidence().length).toBeLessThanOrEqual(16)
  })

  it('for slots far away open nothing', async () => {
    const before = network.get(0).replica.status().openInstances
    for (let i = 0; i < 1_000; i++) attacker.say(write({ cid: FAR + i }), {}, 0)
    attacker.say(write({ cid: Number.MAX_SAFE_INTEGER, regency: Number.MAX_SAFE_INTEGER }), {}, 0)
    attacker.fetch({ fromHeight: 1, toHeight: 1 }, 0)
    attacker.say(write({ cid: 0 }), {}, 0)
    // The one that is counted comes after all that are not.
    attacker.say(write(), { sender: 9 }, 0)
    await counted(0, 'rejected.unknown-sender')
    expect(network.get(0).replica.status().openInstances).toBe(before)
  })
})

describe('a leader', () => {
  const value = () => makeValue(sha256, Date.now(), [])

  it('is who leads the regency: a proposal of another is not voted for', async () => {
    const cid = next()
    attacker.say({ kind: 'propose', cid, regency: 1, value: value() })
    attacker.say({ kind: 'propose', cid, regency: 1, value: value() }, { sender: 1 })
    for (const id of CORRECT) await counted(id, 'rejected.bad-signature')
    const votes = attacker.inbox.filter(({ frame }) => frame.kind === 'envelope')
    expect(votes).toEqual([])
  })

  it('that proposes two values in its turn is shown up by both proposals', async () => {
    const cid = next()
    const one = attacker.say({ kind: 'propose', cid, regency: 3, value: makeValue(sha256, Date.now(), []) }, {}, 0)
    const two = attacker.say({ kind: 'propose', cid, regency: 3, value: makeValue(sha256, Date.now() + 1, []) }, {}, 0)
    await counted(0, 'misbehaviour.equivocation')
    expect(plain(network.get(0).replica.evidence())).toEqual(
      plain([{ replica: 3, reason: 'equivocation', messages: [one.bytes, two.bytes] }]),
    )
  })
})

describe('a change of the regency', () => {
  const stop = (number: number, changes: Partial<Stop> = {}): Stop => ({
    kind: 'stop',
    regency: 2,
    reason: 'wish',
    start: 1,
    number,
    ...changes,
  })

  async function expectNoChange(): Promise<void> {
    const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, 'no change')))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    for (const id of CORRECT) expect(network.get(id).replica.status()).toMatchObject({ regency: 1, phase: 'normal' })
  }

  it('needs more than one replica that wants it, whatever reason it gives', async () => {
    let number = 0
    for (const regency of [2, FAR, Number.MAX_SAFE_INTEGER]) {
      for (const reason of ['wish', 'barred', 'resign'] as const) attacker.say(stop(++number, { regency, reason }))
    }
    attacker.say(stop(Number.MAX_SAFE_INTEGER, { start: Number.MAX_SAFE_INTEGER }))
    await expectNoChange()
  })

  it('is not handed on by STOPs that nobody sent, or of one replica many times', async () => {
    const own = Array.from({ length: 3 }, (_, i) => attacker.sign(stop(i + 1)).bytes)
    const borrowed = CORRECT.map((sender) => attacker.sign(stop(9), { sender }).bytes)
    for (const stops of [own, borrowed, []]) attacker.send(encodeFrame({ kind: 'installation', stops }))
    for (const id of CORRECT) await counted(id, 'rejected.bad-signature', 3)
    await expectNoChange()
  })

  it('is not brought about by evidence that is none', async () => {
    const { bytes: first } = attacker.say(write())
    const { bytes: other } = attacker.sign(write({ cid: next() + 1 }))
    const { bytes: foreign } = attacker.sign(write({ digest: 'cd'.repeat(32) }), { sender: 1 })
    for (const second of [first, other]) attacker.send(encodeFrame({ kind: 'evidence', first, second }))
    attacker.send(encodeFrame({ kind: 'evidence', first: foreign, second: foreign }))
    for (const id of CORRECT) await counted(id, 'rejected.bad-signature', 2)
    for (const id of CORRECT) expect(network.get(id).replica.evidence()).toEqual([])
    await expectNoChange()
  })

  it('takes no STOPDATA that claims more than it proves', async () => {
    const { replica } = network.get(1)
    // Replica 1 leads regency 5.
    attacker.say(stopData(5, { base: baseAt(1_000) }), { proofs: [forgedFinality(1_000)] }, 1)
    attacker.say(stopData(5, { locks: [lockAt(next())] }), { proofs: [forgedLock(next())] }, 1)
    await counted(1, 'rejected.bad-certificate', 2)
    // Anyone could have taken the certificates away: a claim without one counts for nothing, and is no evidence.
    attacker.say(stopData(5, { base: baseAt(1_000) }), {}, 1)
    attacker.say(stopData(5, { locks: [lockAt(next())] }), {}, 1)
    attacker.say(write(), { sender: 9 }, 1)
    await counted(1, 'rejected.unknown-sender')
    expect(replica.evidence()).toEqual([])
    expect(replica.status()).toMatchObject({ regency: 1, finalized: 0 })
  })

  it('takes no SYNC with forged certificates, or that nests what others did not sign', async () => {
    const sync = { kind: 'sync', regency: 3, stopData: [attacker.sign(stopData(3))], proofs: [] } as const
    const borrowed = [0, 1].map((sender) => attacker.sign(stopData(3), { sender }))
    attacker.say({ ...sync, proofs: [forgedFinality(7)] }, {}, 0)
    attacker.say({ ...sync, proofs: [forgedLock(next())] }, {}, 0)
    attacker.say({ ...sync, stopData: [...borrowed, ...sync.stopData] }, {}, 0)
    await counted(0, 'rejected.bad-certificate', 3)
    expect(network.get(0).replica.status()).toMatchObject({ regency: 1, phase: 'normal' })
  })

  it('is not brought about by a SYNC that is no SYNC, in no regency near or far', async () => {
    const far = Number.MAX_SAFE_INTEGER - (Number.MAX_SAFE_INTEGER % 4) - 1
    const regencies = [3, FAR, far]
    for (const regency of regencies) {
      const own = attacker.sign(stopData(regency))
      attacker.say({ kind: 'sync', regency, stopData: [own], proofs: [] })
      attacker.say({ kind: 'sync', regency, stopData: [], proofs: [] })
      attacker.say({ kind: 'sync', regency, stopData: [own, own, own], proofs: [] })
    }
    for (const id of CORRECT) await counted(id, 'misbehaviour.bad-sync', 3 * regencies.length)
    await expectNoChange()
  })

  it('is void, and evidence against its leader, when a statement that counts lacks its proof', async () => {
    // As if two correct replicas had said so, and the attacker had left out what proves its own part.
    const told = [0, 1].map((sender) => attacker.sign(stopData(3), { sender, signer: replicaSigner(sender) }))
    for (const claim of [{ base: baseAt(1) }, { locks: [lockAt(1)] }]) {
      const own = attacker.sign(stopData(3, claim))
      attacker.say({ kind: 'sync', regency: 3, stopData: [...told, own], proofs: [] })
    }
    for (const id of CORRECT) {
      await counted(id, 'misbehaviour.bad-sync', 2)
      expect(network.get(id).replica.evidence()).toMatchObject([
        { replica: 3, reason: 'bad-sync' },
        { replica: 3, reason: 'bad-sync' },
      ])
    }
    await expectNoChange()
  })
})

describe('batches', () => {
  const entry = (payload: string) => ({ category: 'c', subject: 's', payload })
  const good = (payload: string) => network.encode(network.identity(3), 'logbook', 'append', entry(payload))

  it('with one bad signature are refused whole, and are evidence against their author', async () => {
    const transactions = await Promise.all(Array.from({ length: 5 }, (_, i) => good(`${i}`)))
    const bad = transactions.map(({ bytes }, i) => (i === 3 ? bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1) : bytes))
    const { bytes } = attacker.batch(bad)
    attacker.sendBatch(bytes)
    for (const id of CORRECT) {
      await counted(id, 'rejected.bad-signature')
      await counted(id, 'misbehaviour.bad-batch')
      expect(plain(network.get(id).replica.evidence())).toEqual(
        plain([{ replica: 3, reason: 'bad-batch', messages: [bytes] }]),
      )
    }
    await network.append(0, 'after')
    for (const { id } of transactions) expect(network.get(0).ledger.locate(id)).toBeUndefined()
  })

  it('count for the lane whose replica signed them', async () => {
    const { bytes } = await good('x')
    attacker.sendBatch(attacker.batch([bytes], { sender: 0 }).bytes, 0)
    attacker.sendBatch(attacker.batch([bytes], { signer: createSigner(testSeed('stranger')) }).bytes, 0)
    await counted(0, 'rejected.bad-signature', 2)
    attacker.sendBatch(attacker.batch([bytes], { sender: 9 }).bytes, 0)
    await counted(0, 'rejected.unknown-sender')
    attacker.sendBatch(attacker.batch([bytes], { view: 1 }).bytes, 0)
    await counted(0, 'rejected.wrong-view')
  })

  it('vouch for clients of their author alone', async () => {
    const args = entry('vouched')
    const foreign = await network.encode({ organization: 'org1', client: 'meter-reader' }, 'logbook', 'append', args)
    attacker.sendBatch(attacker.batch([foreign.bytes]).bytes)
    for (const id of CORRECT) await counted(id, 'rejected.foreign-vouching')
    expect(network.get(0).ledger.locate(foreign.id)).toBeUndefined()
  })

  it('that hold nothing, too much, or what is no transaction are refused', async () => {
    const { bytes } = await good('x')
    attacker.sendBatch(attacker.batch([]).bytes, 0)
    attacker.sendBatch(attacker.batch(Array.from({ length: LIMITS.batchTransactionsMax + 1 }, () => bytes)).bytes, 0)
    attacker.sendBatch(attacker.batch([Uint8Array.of(1, 2, 3)]).bytes, 0)
    attacker.sendBatch(attacker.batch([bytes, new Uint8Array()]).bytes, 0)
    await counted(0, 'rejected.bad-batch', 4)
  })

  it('of transactions that are expired, unknown or refused are executed to receipts that say so, or to none', async () => {
    const expired = await network.encode(network.identity(3), 'logbook', 'append', entry('old'), -1_000)
    const long = await network.encode(network.identity(3), 'logbook', 'append', entry('long'), 200_000)
    const stranger = { organization: 'org3', signer: testSigner('nobody') }
    const unknown = await network.encode(stranger, 'logbook', 'append', entry('who'))
    attacker.sendBatch(attacker.batch([expired.bytes, long.bytes, unknown.bytes]).bytes)
    for (const id of CORRECT) {
      const { ledger } = network.get(id)
      await until(() => ledger.locate(unknown.id) !== undefined, 'the one with a receipt')
      expect(ledger.locate(expired.id)).toBeUndefined()
      expect(ledger.locate(long.id)).toBeUndefined()
      const { height = 0, index = 0 } = ledger.locate(unknown.id) ?? {}
      expect(Buffer.from(ledger.receipts(height)?.[index] ?? []).includes('identity/unknown-key')).toBe(true)
    }
  })

  it('count only where they continue their lane: gaps and copies of a place harm nobody but their author', async () => {
    const [first, twin, second, beyond, old] = await Promise.all([
      good('1'),
      good('1b'),
      good('2'),
      good('4'),
      good('0'),
    ])
    const send = (transaction: EncodedTransaction, incarnation: number, number: number) =>
      attacker.sendBatch(attacker.batch([transaction.bytes], { place: { incarnation, number } }).bytes)
    send(beyond, 5, 4)
    send(second, 5, 2)
    send(first, 5, 1)
    send(twin, 5, 1)
    const isIn = (id: ReplicaId, { id: transaction }: EncodedTransaction) =>
      network.get(id).ledger.locate(transaction) !== undefined
    for (const id of CORRECT) await until(() => isIn(id, second), 'the second of the lane')
    send(old, 4, 1)
    await Promise.all(CORRECT.map((id) => network.append(id, 'beside')))
    for (const id of CORRECT) {
      expect([first, twin].filter((one) => isIn(id, one))).toHaveLength(1)
      expect(isIn(id, beyond) || isIn(id, old)).toBe(false)
    }
  })

  it('in any number crowd out nobody', async () => {
    for (let i = 0; i < 400; i++) attacker.sendBatch(attacker.batch([(await good(`flood ${i}`)).bytes]).bytes)
    const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, 'between')))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
  })
})

describe('pulls', () => {
  it('of absurd ranges are answered with what a pull may hold, or not at all', async () => {
    for (let i = 0; i < LIMITS.fetchBlocksMax + 6; i++) await network.append(0, `${i}`)
    const height = await level(0)
    expect(height).toBeGreaterThan(LIMITS.fetchBlocksMax)
    const max = Number.MAX_SAFE_INTEGER
    for (const [fromHeight, toHeight] of [
      [0, 0],
      [0, max],
      [max, max],
      [max, 1],
      [height + 1, max],
      [5, 4],
    ] as const) {
      attacker.fetch({ fromHeight, toHeight }, 0)
    }
    attacker.fetch({ batches: Array.from({ length: 64 }, () => DIGEST), values: [DIGEST] }, 0)
    attacker.fetch({ fromHeight: 1, toHeight: max }, 0)
    await until(() => attacker.replies().length > 0, 'the one answer')
    expect(attacker.replies()).toHaveLength(1)
    expect(attacker.replies()[0]?.blocks.map(({ sealed }) => sealed.header.height)).toEqual(
      Array.from({ length: LIMITS.fetchBlocksMax }, (_, i) => i + 1),
    )
  })

  it('are answered in full though a member sends a thousand values that nobody asked for', async () => {
    // With two replicas left nothing is decided, so what the leader proposed stays open.
    await network.stop(2)
    const outcome = network.append(0, 'open')
    const proposal = () =>
      attacker.inbox.flatMap(({ frame }) => {
        if (frame.kind !== 'envelope') return []
        const message = decodeEnvelope({ networkId: attacker.networkId, sha256 }, frame.bytes)?.signed.message
        return message?.kind === 'propose' ? [message] : []
      })[0]
    await until(() => proposal() !== undefined, 'the proposal')
    const { value } = proposal() ?? expect.fail('no proposal')
    for (let i = 0; i < 1_000; i++) {
      const flood = makeValue(sha256, i + 1, [])
      attacker.reply({ values: [flood.bytes] }, 0)
      attacker.say({ kind: 'propose', cid: next(), regency: 1, value: flood }, {}, 0)
    }
    await counted(0, 'rejected.unwanted-reply', 1_000)
    attacker.fetch({ values: [value.digest] }, 0)
    await until(() => attacker.replies().length > 0, 'the answer')
    expect(attacker.replies()[0]?.values.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([
      Buffer.from(value.bytes).toString('hex'),
    ])
    await network.start(2)
    expect(await outcome).toMatchObject({ kind: 'final' })
  })

  it('get replies that are checked: garbage is counted', async () => {
    await network.append(0, 'one')
    attacker.fetch({ fromHeight: 1, toHeight: 1 }, 0)
    await until(() => attacker.replies().length > 0, 'a true block')
    const [record = expect.fail('no block')] = attacker.replies()[0]?.blocks ?? []
    const unproven = withoutCertificate(record)
    const ahead = { ...record.sealed, header: { ...record.sealed.header, height: 50 } }
    attacker.reply({ batches: [utf8('no batch'), new Uint8Array()] }, 0)
    await counted(0, 'rejected.bad-batch', 2)
    attacker.reply({ values: [utf8('no value')] }, 0)
    await counted(0, 'rejected.unwanted-reply')
    // Blocks that are final here are passed over, true or not.
    attacker.reply({ blocks: [unproven, record] }, 0)
    attacker.send(
      encodeFrame({ kind: 'reply', reply: { batches: [], values: [], blocks: [{ ...record, sealed: ahead }] } }),
      0,
    )
    attacker.say(write(), { sender: 9 }, 0)
    await counted(0, 'rejected.unknown-sender')
    expect(await level(0)).toBe(1)
  })

  it('are not led astray by a member that claims heights that it does not have', async () => {
    const status = statusOf({ finalized: FAR, snapshot: FAR })
    for (let i = 0; i < 50; i++) attacker.send(encodeFrame({ kind: 'status', status }), [0, 1, 2], 'transfer')
    for (const status of [
      statusOf({ view: 7, regency: FAR, asked: FAR, executed: 2, finalized: 3, oldest: FAR }),
      statusOf({ regency: 0, executed: 9, finalized: Number.MAX_SAFE_INTEGER, oldest: 9, snapshot: 1 }),
      statusOf({ finalized: 0, silent: 'lost', silentUntil: Number.MAX_SAFE_INTEGER, asked: FAR, awaitsSync: true }),
      statusOf({ finalized: 0, roundTripMs: 1_000_000, lanes: [{ lane: 3, incarnation: FAR, number: FAR }] }),
    ]) {
      attacker.send(encodeFrame({ kind: 'status', status }), [0, 1, 2], 'transfer')
    }
    await network.append(0, 'on')
    await network.stop(2)
    await network.start(2)
    await until(() => network.get(2).ledger.tip().header.height >= 1, 'replica 2 level again')
  })
})

const withoutCertificate = ({ sealed, body }: BlockRecord): BlockRecord => ({ sealed, body })

/** The same block with another state root, on another block. */
function forgedHeader({ sealed, body }: BlockRecord, previous: string): BlockRecord {
  return { sealed: sealHeader(sha256, { ...sealed.header, previous, stateRoot: DIGEST }), body }
}

describe('a replica that lags', () => {
  /** Blocks that the others made while replica 2 was away, as the attacker got them. Replica 2 then sees the attacker only. */
  async function lag() {
    await network.append(0, 'with all')
    await until(() => CORRECT.every((id) => network.get(id).ledger.tip().header.height >= 1), 'height 1')
    await network.stop(2)
    // A correct replica 3 takes the place of the attacker for a while.
    await attacker.leave()
    await network.start(3)
    for (let i = 0; i < 3; i++) await network.append(0, `without ${i}`)
    await network.stop(3)
    attacker = await ByzantineMember.join(network, 3)
    await until(() => attacker.connected().length === 2, 'connections')
    const height = await level(0)
    attacker.fetch({ fromHeight: 1, toHeight: height }, 0)
    await until(() => attacker.replies().length > 0, 'true blocks')
    network.network.disconnect(2, 0)
    network.network.disconnect(2, 1)
    await network.start(2)
    await until(() => attacker.connected().length === 3, 'replica 2')
    const { blocks } = attacker.replies()[0] ?? expect.fail('no reply')
    expect(blocks).toHaveLength(height)
    return { blocks: blocks.slice(network.get(2).ledger.tip().header.height), height }
  }

  /** Waits until replica 2 has read all that was sent to it: the frame that it counts comes after. */
  async function nothingCame(): Promise<void> {
    attacker.send(encodeFrame({ kind: 'envelope', bytes: attacker.sign(write(), { sender: 9 }).bytes }), 2, 'transfer')
    await counted(2, 'rejected.unknown-sender')
  }

  /** The others come back, and the replica takes the true blocks from them. */
  async function catchUp(height: number): Promise<void> {
    network.network.reconnect(2, 0)
    network.network.reconnect(2, 1)
    await until(() => network.get(2).ledger.tip().header.height >= height, 'replica 2 level again')
    for (let at = 1; at <= height; at++) {
      const [mine, theirs] = [2, 0].map((id) => network.get(id).ledger.record(at))
      expect(mine?.sealed.hash).toBe(theirs?.sealed.hash)
    }
  }

  it('takes no block whose certificate is forged, of another block, too small, or missing', async () => {
    const { blocks, height } = await lag()
    const [first = expect.fail(), second = expect.fail()] = blocks
    const certificate = first.certificate ?? expect.fail()
    const { cid, digest, header, signatures } = certificate
    const { counters, ledger } = network.get(2)
    const before = ledger.tip().header.height
    attacker.reply({ blocks: [{ ...first, certificate: forgedFinality(cid, digest, header) }] }, 2)
    attacker.reply({ blocks: [{ ...first, certificate: { ...certificate, signatures: signatures.slice(1) } }] }, 2)
    const [one = expect.fail()] = signatures
    attacker.reply({ blocks: [{ ...first, certificate: { ...certificate, signatures: [one, one, one] } }] }, 2)
    await counted(2, 'rejected.bad-certificate', 3)
    attacker.reply({ blocks: [{ ...first, certificate: second.certificate ?? expect.fail() }] }, 2)
    await counted(2, 'rejected.bad-block')
    attacker.reply({ blocks: [withoutCertificate(first)] }, 2)
    await nothingCame()
    expect(counters.get('blocks-from-peers')).toBe(0)
    expect(ledger.tip().header.height).toBe(before)
    await catchUp(height)
  })

  it('takes no run of blocks whose chain of headers is forged, or whose last block nothing certifies', async () => {
    const { blocks, height } = await lag()
    const [first = expect.fail(), second = expect.fail(), third = expect.fail()] = blocks
    const otherwise = forgedHeader(withoutCertificate(first), first.sealed.header.previous)
    const above = forgedHeader(withoutCertificate(second), otherwise.sealed.hash)
    // A true certificate does not cover headers that do not lead up to it.
    attacker.reply({ blocks: [otherwise, second] }, 2)
    attacker.reply({ blocks: [otherwise, above, third] }, 2)
    attacker.reply({ blocks: [otherwise, { ...above, certificate: second.certificate ?? expect.fail() }] }, 2)
    await counted(2, 'rejected.bad-block', 3)
    const { height: cid, value } = above.sealed.header
    attacker.reply({ blocks: [otherwise, { ...above, certificate: forgedFinality(cid, value, above.sealed.hash) }] }, 2)
    await counted(2, 'rejected.bad-certificate')
    attacker.reply({ blocks: [first, second, third].map(withoutCertificate) }, 2)
    await nothingCame()
    expect(network.get(2).counters.get('blocks-from-peers')).toBe(0)
    await catchUp(height)
  })

  it('takes true blocks that only the certificate of one above proves', async () => {
    const { blocks, height } = await lag()
    attacker.reply(
      { blocks: blocks.map((block, i) => (i === blocks.length - 1 ? block : withoutCertificate(block))) },
      2,
    )
    await until(() => network.get(2).ledger.tip().header.height >= height, 'the true blocks')
    for (const { sealed } of blocks) {
      const { certificate, headers } = network.get(2).ledger.finality(sealed.header.height) ?? expect.fail()
      expect(certificate.cid).toBe(height)
      expect(headers).toHaveLength(height - sealed.header.height)
    }
    await catchUp(height)
  })

  it('takes no block whose body is not the one that was decided', async () => {
    const { blocks, height } = await lag()
    const [first = expect.fail(), second = expect.fail()] = blocks
    for (const body of [new Uint8Array(), utf8('no body'), second.body, first.body.subarray(0, -1)]) {
      attacker.reply({ blocks: [{ ...first, body }] }, 2)
    }
    await counted(2, 'rejected.bad-block', 4)
    expect(network.get(2).counters.get('blocks-from-peers')).toBe(0)
    await catchUp(height)
  })

  it('takes true blocks from whoever brings them', async () => {
    const { blocks, height } = await lag()
    attacker.reply({ blocks: [...blocks, ...blocks] }, 2)
    await until(() => network.get(2).ledger.tip().header.height >= height, 'the true blocks')
    await catchUp(height)
  })

  it('takes nothing from blocks out of their order', async () => {
    const { blocks, height } = await lag()
    attacker.reply({ blocks: blocks.slice(1) }, 2)
    await nothingCame()
    expect(network.get(2).counters.get('blocks-from-peers')).toBe(0)
    await catchUp(height)
  })

  it('that lost its ledger, and kept its log, takes all from its peers and contradicts nobody', async () => {
    for (let i = 0; i < 5; i++) await network.append(0, `${i}`)
    await network.stop(2)
    network.loseLedger(2)
    await network.start(2)
    const height = await level(0)
    await until(() => network.get(2).ledger.tip().header.height >= height, 'replica 2 level again')
    for (const id of CORRECT) expect(network.get(id).replica.evidence()).toEqual([])
  })
})

it('an envelope that a correct replica signed is true whoever carries it', async () => {
  const signed = attacker.sign(write(), { sender: 0, signer: replicaSigner(0) })
  attacker.sendEnvelope(signed.bytes, 1)
  attacker.say(write(), { sender: 9 }, 1)
  await counted(1, 'rejected.unknown-sender')
  expect(network.get(1).counters.get('rejected.bad-signature')).toBe(0)
})
