import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromBase64, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { makeValue } from '../../src/codec/block.js'
import { decodeEnvelope } from '../../src/codec/consensus.js'
import { encodeFrame } from '../../src/codec/frame.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'
import { type Certificate, LIMITS, type Message, type ReplicaId, type VoteKind } from '../../src/types/index.js'
import { ByzantineMember, replicaSigner } from '../support/byzantine.js'
import { InProcessNetwork, testSeed, testSigner, until } from '../support/in-process.js'
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
  const height = Math.max(...CORRECT.map((id) => network.get(id).ledger.finalized().height))
  await until(() => CORRECT.every((id) => network.get(id).ledger.finalized().height >= height), 'one height')
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

const next = (): number => network.get(0).ledger.finalized().height + 1
const write = (changes: Partial<Extract<Message, { kind: 'write' }>> = {}): Message => ({
  kind: 'write',
  cid: next(),
  regency: 1,
  digest: DIGEST,
  ...changes,
})

/** A certificate with these signers, each signature the attacker's own or nobody's. */
const forgedCertificate = <K extends VoteKind>(kind: K, cid: number, digest = DIGEST): Certificate<K> => ({
  kind,
  view: 0,
  cid,
  regency: kind === 'persist' ? 0 : 1,
  digest,
  signatures: CORRECT.map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica + 1) })),
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
    const { counters } = network.get(0)
    const names = ['malformed-message', 'unknown-sender', 'wrong-view', 'bad-signature']
    const sum = () => names.reduce((total, name) => total + counters.get(`rejected.${name}`), 0)
    await until(() => sum() >= bytes.length, 'a rejection for each')
    expect(sum()).toBe(bytes.length)
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
  it('needs more than one replica that wants it', async () => {
    for (const regency of [2, FAR, Number.MAX_SAFE_INTEGER]) attacker.say({ kind: 'stop', regency, pending: [] })
    const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, 'stop')))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    for (const id of CORRECT) expect(network.get(id).replica.status()).toMatchObject({ regency: 1, phase: 'normal' })
  })

  it('takes no STOPDATA that claims more than it proves', async () => {
    const { replica } = network.get(1)
    // Replica 1 leads regency 5.
    const stopData = { kind: 'stop-data', regency: 5, finalized: 0, prepared: [] } as const
    const finality = forgedCertificate('persist', 1_000)
    attacker.say({ ...stopData, finalized: 1_000, finality }, {}, 1)
    attacker.say({ ...stopData, prepared: [forgedCertificate('write', next())] }, {}, 1)
    await counted(1, 'rejected.bad-certificate', 2)
    attacker.say({ ...stopData, finalized: 1_000 }, {}, 1)
    await counted(1, 'misbehaviour.bad-stop-data')
    expect(replica.evidence()).toMatchObject([{ replica: 3, reason: 'bad-stop-data' }])
    expect(replica.status()).toMatchObject({ regency: 1, finalized: 0 })
  })

  it('takes no SYNC that nests forged certificates or what others did not sign', async () => {
    const own = (changes: object) =>
      attacker.sign({ kind: 'stop-data', regency: 3, finalized: 0, prepared: [], ...changes } as const)
    const certified = own({ finalized: 7, finality: forgedCertificate('persist', 7) })
    const locked = own({ prepared: [forgedCertificate('write', next())] })
    const borrowed = [0, 1].map((sender) =>
      attacker.sign({ kind: 'stop-data', regency: 3, finalized: 0, prepared: [] }, { sender }),
    )
    for (const stopData of [[certified], [locked], [...borrowed, own({})]]) {
      attacker.say({ kind: 'sync', regency: 3, stopData }, {}, 0)
    }
    await counted(0, 'rejected.bad-certificate', 3)
    expect(network.get(0).replica.status()).toMatchObject({ regency: 1, phase: 'normal' })
  })

  it('is not brought about by a SYNC that is no SYNC, in no regency near or far', async () => {
    const stopData = (regency: number) => [attacker.sign({ kind: 'stop-data', regency, finalized: 0, prepared: [] })]
    const far = Number.MAX_SAFE_INTEGER - (Number.MAX_SAFE_INTEGER % 4) - 1
    const regencies = [3, FAR, far]
    for (const regency of regencies) {
      attacker.say({ kind: 'sync', regency, stopData: stopData(regency) })
      attacker.say({ kind: 'sync', regency, stopData: [] })
    }
    for (const id of CORRECT) await counted(id, 'misbehaviour.bad-sync', 2 * regencies.length)
    const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, 'sync')))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
    for (const id of CORRECT) expect(network.get(id).replica.status()).toMatchObject({ regency: 1, phase: 'normal' })
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

  it('in any number crowd out nobody', async () => {
    for (let i = 0; i < 400; i++) attacker.sendBatch(attacker.batch([(await good(`flood ${i}`)).bytes]).bytes)
    const outcomes = await Promise.all(CORRECT.map((id) => network.append(id, 'between')))
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: 'final' })
  })
})

describe('pulls', () => {
  it('of absurd ranges are answered with what a pull may hold, or not at all', async () => {
    for (let i = 0; i < LIMITS.fetchBlocksMax + 6; i++) await network.append(0, `${i}`)
    const height = network.get(0).ledger.finalized().height
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
    const { finality: _, ...unproven } = record
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
    expect(network.get(0).ledger.finalized().height).toBe(1)
  })

  it('are not led astray by a member that claims heights that it does not have', async () => {
    const status = { view: 0, regency: 1, decided: FAR, executed: FAR, finalized: FAR, oldest: 1, snapshot: FAR }
    for (let i = 0; i < 50; i++) attacker.send(encodeFrame({ kind: 'status', status }), [0, 1, 2], 'transfer')
    for (const status of [
      { view: 7, regency: FAR, decided: 1, executed: 2, finalized: 3, oldest: FAR, snapshot: 0 },
      { view: 0, regency: 0, decided: 0, executed: 9, finalized: Number.MAX_SAFE_INTEGER, oldest: 9, snapshot: 1 },
    ]) {
      attacker.send(encodeFrame({ kind: 'status', status }), [0, 1, 2], 'transfer')
    }
    await network.append(0, 'on')
    await network.stop(2)
    await network.start(2)
    await until(() => network.get(2).ledger.finalized().height >= 1, 'replica 2 level again')
  })
})

describe('a replica that lags', () => {
  /** Blocks that the others made while replica 2 was away, as the attacker got them. Replica 2 then sees the attacker only. */
  async function lag() {
    await network.append(0, 'with all')
    await until(() => CORRECT.every((id) => network.get(id).ledger.finalized().height >= 1), 'height 1')
    await network.stop(2)
    // A correct replica 3 takes the place of the attacker for a while.
    await attacker.leave()
    await network.start(3)
    for (let i = 0; i < 3; i++) await network.append(0, `without ${i}`)
    await network.stop(3)
    attacker = await ByzantineMember.join(network, 3)
    await until(() => attacker.connected().length === 2, 'connections')
    const { height } = network.get(0).ledger.finalized()
    attacker.fetch({ fromHeight: 1, toHeight: height }, 0)
    await until(() => attacker.replies().length > 0, 'true blocks')
    network.network.disconnect(2, 0)
    network.network.disconnect(2, 1)
    await network.start(2)
    await until(() => attacker.connected().length === 3, 'replica 2')
    const { blocks } = attacker.replies()[0] ?? expect.fail('no reply')
    expect(blocks).toHaveLength(height)
    return { blocks: blocks.slice(network.get(2).ledger.finalized().height), height }
  }

  /** The others come back, and the replica takes the true blocks from them. */
  async function catchUp(height: number): Promise<void> {
    network.network.reconnect(2, 0)
    network.network.reconnect(2, 1)
    await until(() => network.get(2).ledger.finalized().height >= height, 'replica 2 level again')
    for (let at = 1; at <= height; at++) {
      const [mine, theirs] = [2, 0].map((id) => network.get(id).ledger.record(at))
      expect(mine?.sealed.hash).toBe(theirs?.sealed.hash)
      expect(mine?.decision.digest).toBe(theirs?.sealed.header.value)
    }
  }

  it('takes no block whose certificate of finality is forged, of another block, or too small', async () => {
    const { blocks, height } = await lag()
    const [first = expect.fail(), second = expect.fail()] = blocks
    const finality = first.finality ?? expect.fail()
    const { counters, ledger } = network.get(2)
    const before = ledger.finalized().height
    attacker.reply({ blocks: [{ ...first, finality: forgedCertificate('persist', finality.cid, finality.digest) }] }, 2)
    attacker.reply({ blocks: [{ ...first, finality: { ...finality, signatures: finality.signatures.slice(1) } }] }, 2)
    const [signature = expect.fail()] = finality.signatures
    attacker.reply(
      { blocks: [{ ...first, finality: { ...finality, signatures: [signature, signature, signature] } }] },
      2,
    )
    await counted(2, 'rejected.bad-certificate', 3)
    attacker.reply({ blocks: [{ ...first, finality: second.finality ?? expect.fail() }] }, 2)
    const { finality: _, ...unproven } = first
    attacker.reply({ blocks: [unproven] }, 2)
    await counted(2, 'rejected.bad-block', 2)
    expect(counters.get('blocks-from-peers')).toBe(0)
    expect(ledger.tip().header.height).toBe(before)
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

  it('takes no block whose certificate of decision is forged or of another block', async () => {
    const { blocks, height } = await lag()
    const [first = expect.fail(), second = expect.fail()] = blocks
    const { cid, digest, signatures } = first.decision
    attacker.reply({ blocks: [{ ...first, decision: forgedCertificate('accept', cid, digest) }] }, 2)
    attacker.reply({ blocks: [{ ...first, decision: { ...first.decision, signatures: signatures.slice(1) } }] }, 2)
    await counted(2, 'rejected.bad-certificate', 2)
    attacker.reply({ blocks: [{ ...first, decision: second.decision }] }, 2)
    await counted(2, 'rejected.bad-block')
    expect(network.get(2).counters.get('blocks-from-peers')).toBe(0)
    await catchUp(height)
  })

  it('takes true blocks from whoever brings them', async () => {
    const { blocks, height } = await lag()
    attacker.reply({ blocks: [...blocks, ...blocks] }, 2)
    await until(() => network.get(2).ledger.finalized().height >= height, 'the true blocks')
    await catchUp(height)
  })

  it('takes nothing from blocks out of their order', async () => {
    const { blocks, height } = await lag()
    attacker.reply({ blocks: blocks.slice(1) }, 2)
    attacker.say(write(), { sender: 9 }, 2)
    await counted(2, 'rejected.unknown-sender')
    expect(network.get(2).counters.get('blocks-from-peers')).toBe(0)
    await catchUp(height)
  })

  it('that lost its ledger, and kept its log, takes all from its peers and contradicts nobody', async () => {
    for (let i = 0; i < 5; i++) await network.append(0, `${i}`)
    await network.stop(2)
    network.loseLedger(2)
    await network.start(2)
    const { height } = network.get(0).ledger.finalized()
    await until(() => network.get(2).ledger.finalized().height >= height, 'replica 2 level again')
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
