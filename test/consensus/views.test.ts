import { describe, expect, it } from 'vitest'
import type { CoreOptions, Effect } from '../../src/consensus/index.js'
import { stopDataProblem } from '../../src/consensus/regency-choice.js'
import type { Base } from '../../src/types/index.js'
import { all, baseAt, finality, OneReplica, sent, stopDataOf } from '../protocol/one-replica.js'
import { digestOf } from './cluster.js'

/** A view that begins above other views' heights, and one that ends. */

const FIRST = 6
const BELOW = FIRST - 1
const ZERO: Base = baseAt(BELOW, 0)

function start(self: number, changes: Partial<CoreOptions> = {}): OneReplica {
  const certificate = { ...finality(BELOW, 3, digestOf('value'), digestOf('header')), view: 7 }
  const restored = { height: BELOW, heads: [], records: [], certificate }
  return new OneReplica(self, { firstHeight: FIRST, ...changes }, 4, restored)
}

const cids = (effects: readonly Effect[], kind: 'propose' | 'write') => sent(effects, kind).map(({ cid }) => cid)

describe('V3: the height below a view', () => {
  it('is final for all of its members, so no STOPDATA proves it, and no regency of another view counts', () => {
    const follower = start(0)
    expect(follower.core.status().regency).toBe(1)
    const effects = follower.stops([1, 2, 3], 2)
    const [stopData] = sent(effects, 'stop-data')
    expect(stopData).toMatchObject({ regency: 2, base: { height: BELOW, regency: 0 }, locks: [] })
    expect(all(effects, 'send').find(({ message }) => message.kind === 'stop-data')?.proofs).toEqual([])
    const leader = start(2)
    leader.stops([0, 1, 3], 2)
    const sync = [0, 1, 2].flatMap((sender) => leader.give(sender, stopData ?? expect.fail()))
    expect(sent(sync, 'sync')).toHaveLength(1)
  })

  it('is the least that a STOPDATA may claim', () => {
    const rules = { window: 4, firstHeight: FIRST }
    const problem = (base: Base) => stopDataProblem(stopDataOf(2, { base }), rules)
    expect(problem(ZERO)).toBeUndefined()
    expect(problem(baseAt(BELOW - 1))).toMatch(/below the view/)
    expect(problem(baseAt(0, 0))).toMatch(/below the view/)
    expect(problem(baseAt(FIRST, 0))).toMatch(/regency/)
    expect(problem(baseAt(FIRST, 1))).toBeUndefined()
  })
})

describe('V3: a new view', () => {
  it('begins with a block at once, empty if nothing waits', () => {
    const leader = start(1)
    const [first] = sent(leader.wait(50), 'propose')
    expect(first).toMatchObject({ cid: FIRST, value: { batches: [] } })
    expect(sent(leader.wait(1_000), 'propose').every(({ cid }) => cid === FIRST)).toBe(true)
  })

  it('not so the genesis view', () => {
    expect(sent(new OneReplica(1).wait(1_000), 'propose')).toEqual([])
  })

  it('its leader is given up when it does not', () => {
    expect(start(0).waitFor('stop', 5_000)).toBeLessThan(2_000)
  })
})

describe('V1: a view that ends', () => {
  const ends = { lastHeight: FIRST + 1 }

  it('is filled up with empty blocks to its last height, and no further', () => {
    const leader = start(1, ends)
    const effects = [...leader.wait(300), ...leader.giveBatch(1), ...leader.wait(300)]
    expect(new Set(cids(effects, 'propose'))).toEqual(new Set([FIRST, FIRST + 1]))
    expect(sent(effects, 'propose').every(({ value }) => value.batches.length === 0)).toBe(true)
  })

  it('is filled up once the block that ends it is final', () => {
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    leader.executes = false
    const value = leader.value(1)
    leader.writes(1, value, 1, [0, 2, 3])
    const { token } = leader.executions[0] ?? expect.fail()
    const header = digestOf('h')
    const block = {
      height: 1,
      digest: value.digest,
      header,
      heads: [{ lane: 0, incarnation: 1, number: 1 }],
      lastHeight: 3,
    }
    leader.step({ kind: 'executed', token, block })
    const effects = leader.learn(finality(1, 1, value.digest, header))
    expect(cids([...effects, ...leader.wait(300)], 'propose').filter((cid) => cid > 1)).toEqual(
      expect.arrayContaining([2, 3]),
    )
    expect(cids(leader.wait(1_000), 'propose').filter((cid) => cid > 3)).toEqual([])
  })

  it('no vote of any kind goes beyond it, ACCEPT included, and none makes a lock there', () => {
    const one = start(0, ends)
    const empty = one.valueOf([])
    const effects = [FIRST, FIRST + 1, FIRST + 2].flatMap((cid) => [
      ...one.propose(cid, empty),
      ...one.writes(cid, empty),
    ])
    expect(cids(effects, 'write')).toEqual([FIRST, FIRST + 1])
    expect(sent(effects, 'accept').map(({ cid }) => cid)).toEqual([FIRST, FIRST + 1])
    expect(sent(one.stops([1, 2, 3], 2), 'stop-data')[0]?.locks.map(({ cid }) => cid)).toEqual([FIRST, FIRST + 1])
  })

  it('speculative blocks do not end it: the last height counts once its block is final (V2)', () => {
    const one = new OneReplica(2)
    one.executes = false
    one.prepare(1)
    const { token, value } = one.executions[0] ?? expect.fail()
    const header = digestOf('h')
    const heads = [{ lane: 0, incarnation: 1, number: 1 }]
    one.step({ kind: 'executed', token, block: { height: 1, digest: value.digest, header, heads, lastHeight: 2 } })
    for (const cid of [2, 3]) one.giveBatch(cid)
    expect(cids([...one.propose(2), ...one.propose(3)], 'write')).toEqual([2, 3])
    one.learn(finality(1, 1, value.digest, header))
    one.giveBatch(4)
    expect(cids(one.propose(4), 'write')).toEqual([])
  })

  it('is work: a leader that does not fill it up is given up', () => {
    expect(start(0, ends).waitFor('stop', 5_000)).toBeLessThan(2_000)
  })
})

describe('a replica that only follows', () => {
  it('says nothing, whatever it hears, and learns what is final', () => {
    const one = new OneReplica(9, { votes: false })
    const effects = [...one.decide(1), ...one.write(), ...one.stops([0, 1, 2], 2), ...one.wait(60_000)]
    expect(effects.filter(({ kind }) => kind === 'send')).toEqual([])
    expect(one.log.filter(({ kind }) => kind !== 'regency')).toEqual([])
    expect(one.core.status()).toMatchObject({ silent: 'following', regency: 2, finalized: 1 })
  })
})

describe('messages of another view', () => {
  it('count for nothing', () => {
    const one = start(2)
    const certificate = { ...finality(FIRST, 9, digestOf('v'), digestOf('h')), view: 7 }
    expect(one.learn(certificate)).toEqual([])
    expect(one.core.status()).toMatchObject({ regency: 1, finalized: BELOW })
  })
})
