import { beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS, type Effect, ReplicaCore, type WalRecord } from '../../src/consensus/index.js'
import type { Digest, Message, ReplicaId, Value } from '../../src/types/index.js'
import { markVerified } from '../../src/types/verified.js'
import { digestOf, signedBy, testBatch, testOptions } from './cluster.js'

/** One replica of four, replica 2, whose peers are played by the test. Replica 1 leads regency 1. */
const SELF = 2
let core: ReplicaCore
let nowMs: number

const options = testOptions(SELF, 4)

function start(records: readonly WalRecord[] = [], executed = 0): void {
  const blocks = Array.from({ length: executed }, (_, i) => ({
    headerHash: digestOf(`header ${i + 1}`),
    value: proposalOf(i + 1).digest,
  }))
  core = new ReplicaCore(options, { executed, finalized: 0, blocks, records })
  nowMs = 1_000_000
  core.start(nowMs)
}

beforeEach(() => start())

/** The value that leaders propose for a slot: one batch of its own. */
const proposalOf = (cid: number, name = 0): Value =>
  options.makeValue(1_000_000, [testBatch(0, cid * 100 + name).digest])

const give = (sender: ReplicaId, message: Message): readonly Effect[] =>
  core.step({ kind: 'message', message: markVerified(signedBy(sender, message)) }, nowMs)

const giveBatch = (cid: number, name = 0): readonly Effect[] =>
  core.step({ kind: 'batch', batch: markVerified(testBatch(0, cid * 100 + name)) }, nowMs)

const propose = (cid: number, regency = 1, value = proposalOf(cid), sender = regency % 4) =>
  give(sender, { kind: 'propose', cid, regency, value })

function vote(
  kind: 'write' | 'accept' | 'persist',
  cid: number,
  regency: number,
  digest: Digest,
  from: number[],
): Effect[] {
  return from.flatMap((sender) => give(sender, { kind, cid, regency, digest }))
}

function sent(effects: readonly Effect[], kind: Message['kind']): Message[] {
  return effects.flatMap((effect) => (effect.kind === 'send' && effect.message.kind === kind ? [effect.message] : []))
}

const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.kind)

describe('WRITE', () => {
  it('is sent once for a proposal whose batches are at hand, after it is in the log', () => {
    giveBatch(1)
    const effects = propose(1)
    expect(kinds(effects)).toEqual(['persist', 'send'])
    expect(sent(effects, 'write')).toEqual([{ kind: 'write', cid: 1, regency: 1, digest: proposalOf(1).digest }])
    expect(sent(propose(1), 'write')).toEqual([])
  })

  it('waits for the batches', () => {
    expect(sent(propose(1), 'write')).toEqual([])
    expect(sent(giveBatch(1), 'write')).toHaveLength(1)
  })

  it('is for the leader of the regency only', () => {
    giveBatch(1)
    expect(propose(1, 1, proposalOf(1), 3)).toEqual([])
  })

  it('is for the first proposal only; a second one shows the leader up and ends its regency', () => {
    giveBatch(1)
    giveBatch(1, 1)
    propose(1)
    const effects = propose(1, 1, proposalOf(1, 1))
    expect(sent(effects, 'write')).toEqual([])
    const accusation = effects.find((effect) => effect.kind === 'misbehaviour')
    expect(accusation).toMatchObject({ evidence: { replica: 1, reason: 'equivocation' } })
    expect(sent(effects, 'stop')).toMatchObject([{ regency: 2 }])
  })

  it('is for times within the drift bound only', () => {
    giveBatch(1)
    const value = options.makeValue(nowMs + options.clockDriftMsMax + 1, proposalOf(1).batches)
    expect(sent(propose(1, 1, value), 'write')).toEqual([])
  })

  it('stays within W above the executed height', () => {
    for (let cid = 1; cid <= 5; cid++) giveBatch(cid)
    for (let cid = 1; cid <= 4; cid++) expect(sent(propose(cid), 'write')).toHaveLength(1)
    expect(sent(propose(5), 'write')).toEqual([])
  })

  it('is not sent again, nor for another value, after a restart', () => {
    giveBatch(1)
    const records = propose(1).flatMap((effect) => (effect.kind === 'persist' ? [effect.record] : []))
    start(records)
    giveBatch(1)
    giveBatch(1, 1)
    expect(sent(propose(1, 1, proposalOf(1, 1)), 'write')).toEqual([])
  })
})

describe('ACCEPT', () => {
  it('follows a quorum of WRITEs, with the prepared certificate in the log first', () => {
    const { digest } = proposalOf(1)
    expect(sent(vote('write', 1, 1, digest, [0, 1]), 'accept')).toEqual([])
    const effects = vote('write', 1, 1, digest, [3])
    expect(kinds(effects)).toEqual(['persist', 'send'])
    const [persist] = effects
    expect(persist).toMatchObject({ record: { kind: 'accept', prepared: { digest, regency: 1 } } })
  })

  it('counts each replica once, and different digests apart', () => {
    vote('write', 1, 1, proposalOf(1).digest, [0, 0, 0])
    expect(sent(vote('write', 1, 1, proposalOf(1, 1).digest, [1, 3]), 'accept')).toEqual([])
  })

  it('shows up who votes twice', () => {
    vote('write', 1, 1, proposalOf(1).digest, [0])
    const effects = vote('write', 1, 1, proposalOf(1, 1).digest, [0])
    expect(effects).toMatchObject([{ kind: 'misbehaviour', evidence: { replica: 0, reason: 'equivocation' } }])
  })
})

describe('a decision', () => {
  it('is a quorum of ACCEPTs in any regency, and is delivered once its batches are here', () => {
    propose(1)
    expect(kinds(vote('accept', 1, 1, proposalOf(1).digest, [0, 1, 3]))).not.toContain('deliver')
    expect(kinds(giveBatch(1))).toContain('deliver')
  })

  it('is delivered in order', () => {
    for (const cid of [2, 1]) {
      giveBatch(cid)
      propose(cid)
    }
    expect(kinds(vote('accept', 2, 1, proposalOf(2).digest, [0, 1, 3]))).not.toContain('deliver')
    const effects = vote('accept', 1, 1, proposalOf(1).digest, [0, 1, 3])
    const delivered = effects.flatMap((effect) => (effect.kind === 'deliver' ? [effect.cid] : []))
    expect(delivered).toEqual([1, 2])
  })

  it('does not mix votes of two regencies', () => {
    giveBatch(1)
    propose(1)
    vote('accept', 1, 1, proposalOf(1).digest, [0, 1])
    expect(kinds(vote('accept', 1, 2, proposalOf(1).digest, [3]))).not.toContain('deliver')
  })
})

describe('PERSIST', () => {
  it('is sent when the block is durable, and a quorum makes it final', () => {
    giveBatch(1)
    propose(1)
    vote('accept', 1, 1, proposalOf(1).digest, [0, 1, 3])
    const header = digestOf('header')
    const effects = core.step({ kind: 'executed', height: 1, headerHash: header }, nowMs)
    expect(sent(effects, 'persist')).toEqual([{ kind: 'persist', cid: 1, regency: 0, digest: header }])
    expect(kinds(vote('persist', 1, 0, header, [0, 1, 3]))).toContain('finalized')
  })

  it('of another block by a quorum halts this replica', () => {
    start([], 1)
    const effects = vote('persist', 1, 0, digestOf('another header'), [0, 1, 3])
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'diverged', height: 1 }))
    expect(kinds(effects)).not.toContain('finalized')
  })

  it('is said again after a restart', () => {
    start([], 1)
    nowMs += DEFAULT_TIMINGS.resendMs + 1
    const effects = core.step({ kind: 'timeout', timer: 'tick' }, nowMs)
    expect(sent(effects, 'persist')).toMatchObject([{ cid: 1, digest: digestOf('header 1') }])
  })
})

describe('STOP', () => {
  const stop = (regency: number, from: number[]): Effect[] =>
    from.flatMap((sender) => give(sender, { kind: 'stop', regency, pending: [] }))

  it('is joined at f + 1 and not before', () => {
    expect(stop(2, [0])).toEqual([])
    expect(sent(stop(2, [3]), 'stop')).toMatchObject([{ regency: 2 }])
  })

  it('ends all voting in the regencies below, also after a restart', () => {
    giveBatch(1)
    const records = stop(2, [0, 3]).flatMap((effect) => (effect.kind === 'persist' ? [effect.record] : []))
    expect(sent(propose(1), 'write')).toEqual([])
    expect(sent(vote('write', 1, 1, proposalOf(1).digest, [0, 1, 3]), 'accept')).toEqual([])
    start(records)
    giveBatch(1)
    expect(sent(propose(1), 'write')).toEqual([])
  })

  it('does not keep it from learning decisions of the regencies below', () => {
    giveBatch(1)
    propose(1)
    stop(2, [0, 3])
    expect(kinds(vote('accept', 1, 1, proposalOf(1).digest, [0, 1, 3]))).toContain('deliver')
  })

  it('is sent when there is work and nothing goes forward, but not while idle', () => {
    const tick = (): readonly Effect[] => {
      nowMs += DEFAULT_TIMINGS.tickMs
      return core.step({ kind: 'timeout', timer: 'tick' }, nowMs)
    }
    const forMs = (ms: number): Effect[] => Array.from({ length: ms / DEFAULT_TIMINGS.tickMs }, tick).flat()
    expect(sent(forMs(5_000), 'stop')).toEqual([])
    giveBatch(1)
    expect(sent(forMs(DEFAULT_TIMINGS.stopMs - 200), 'stop')).toEqual([])
    expect(sent(forMs(400), 'stop')).toMatchObject([{ regency: 2 }])
  })

  it('is not sent because this process stood still', () => {
    core.step({ kind: 'timeout', timer: 'tick' }, nowMs)
    giveBatch(1)
    nowMs += 60_000
    expect(sent(core.step({ kind: 'timeout', timer: 'tick' }, nowMs), 'stop')).toEqual([])
  })
})

describe('a new regency', () => {
  it('sends its leader what this replica is locked on, after it is in the log', () => {
    vote('write', 1, 1, proposalOf(1).digest, [0, 1, 3])
    const effects = [0, 1, 3].flatMap((sender) => give(sender, { kind: 'stop', regency: 3, pending: [] }))
    const [message] = sent(effects, 'stop-data')
    expect(message).toMatchObject({ regency: 3, finalized: 0, prepared: [{ cid: 1, digest: proposalOf(1).digest }] })
    const persisted = effects.findIndex((effect) => effect.kind === 'persist' && effect.record.kind === 'stop-data')
    const left = effects.findIndex((effect) => effect.kind === 'send' && effect.message.kind === 'stop-data')
    expect(persisted).toBeLessThan(left)
  })

  it('votes for nothing before its SYNC, and then for what that binds', () => {
    giveBatch(1)
    for (const sender of [0, 1, 3]) give(sender, { kind: 'stop', regency: 3, pending: [] })
    expect(sent(propose(1, 3), 'write')).toEqual([])
    const prepared = {
      kind: 'write',
      view: 0,
      cid: 1,
      regency: 1,
      digest: proposalOf(1).digest,
      signatures: [0, 1, 3].map((replica) => ({ replica, signature: new Uint8Array(64) })),
    } as const
    const stopData = [0, 1, 3].map((sender) =>
      signedBy(sender, { kind: 'stop-data', regency: 3, finalized: 0, prepared: sender === 1 ? [prepared] : [] }),
    )
    const effects = give(3, { kind: 'sync', regency: 3, stopData })
    expect(sent(effects, 'write')).toEqual([{ kind: 'write', cid: 1, regency: 3, digest: proposalOf(1).digest }])
  })

  it('is not opened by a SYNC with too few STOPDATA', () => {
    const stopData = [0, 1].map((sender) =>
      signedBy(sender, { kind: 'stop-data', regency: 3, finalized: 0, prepared: [] }),
    )
    const effects = give(3, { kind: 'sync', regency: 3, stopData })
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'misbehaviour' }))
    expect(core.status().regency).toBe(1)
  })
})

describe('a leader', () => {
  beforeEach(() => {
    core = new ReplicaCore(testOptions(1, 4), { executed: 0, finalized: 0, blocks: [], records: [] })
    core.start(nowMs)
  })

  it('proposes at once while nothing is open, its own WRITE being in the log first', () => {
    const effects = giveBatch(1)
    expect(kinds(effects)).toEqual(['persist', 'send', 'send'])
    expect(sent(effects, 'propose')).toMatchObject([{ cid: 1, value: { batches: [testBatch(0, 100).digest] } }])
  })

  it('waits a moment for more while its proposal is open, and no longer, even when the timer comes early', () => {
    giveBatch(1)
    const effects = giveBatch(2)
    expect(effects).toMatchObject([{ kind: 'set-timer', timer: 'propose', afterMs: DEFAULT_TIMINGS.proposeAfterMs }])
    nowMs += DEFAULT_TIMINGS.proposeAfterMs - 1
    expect(core.step({ kind: 'timeout', timer: 'propose' }, nowMs)).toMatchObject([{ kind: 'set-timer', afterMs: 1 }])
    nowMs += 1
    expect(sent(core.step({ kind: 'timeout', timer: 'propose' }, nowMs), 'propose')).toMatchObject([{ cid: 2 }])
  })

  it('does not wait once a proposal is full', () => {
    giveBatch(1)
    for (let cid = 2; cid <= options.proposalTransactions; cid++) giveBatch(cid)
    expect(sent(giveBatch(options.proposalTransactions + 1), 'propose')).toHaveLength(1)
  })

  it('does not propose anew, after a restart, where it proposed before', () => {
    const records = giveBatch(1).flatMap((effect) => (effect.kind === 'persist' ? [effect.record] : []))
    core = new ReplicaCore(testOptions(1, 4), { executed: 0, finalized: 0, blocks: [], records })
    core.start(nowMs)
    giveBatch(1, 1)
    nowMs += 1_000
    const effects = [...giveBatch(1), ...core.step({ kind: 'timeout', timer: 'tick' }, nowMs)]
    const proposals = sent(effects, 'propose').filter((message) => message.kind === 'propose' && message.cid === 1)
    const repeated = proposals.every(
      (message) => message.kind === 'propose' && message.value.batches[0] === testBatch(0, 100).digest,
    )
    expect(repeated).toBe(true)
  })
})
