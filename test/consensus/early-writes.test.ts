import { describe, expect, it } from 'vitest'
import { stopDataProblem } from '../../src/consensus/regency-choice.js'
import { OneReplica, prepared, sent, stopDataOf } from '../protocol/one-replica.js'

/**
 * WRITEs of a regency that a replica is not in yet (consensus.md, Regency change). Found by the simulator's ambushes: such WRITEs made a
 * lock that its STOPDATA of a lower regency named, and its leader accused a correct replica.
 */

const RULES = (one: OneReplica) => ({ view: one.options.view, window: one.options.window, firstHeight: 1 })

/** A follower that has the batch and the value, in regency 1. */
function follower() {
  const one = new OneReplica(0)
  one.giveBatch(1)
  const value = one.value(1)
  one.give(1, { kind: 'propose', cid: 1, regency: 1, value })
  return { one, value, write: (regency: number) => ({ kind: 'write', cid: 1, regency, digest: value.digest }) as const }
}

describe('WRITEs of a regency ahead', () => {
  it('are no lock in the STOPDATA of a lower one, which its leader would refuse', () => {
    const { one, write } = follower()
    one.giveFrom([1, 2, 3], write(3))
    const effects = one.giveFrom([1, 2, 3], { kind: 'stop', regency: 2, pending: [] })
    const [stopData] = sent(effects, 'stop-data')
    expect(stopData?.prepared).toEqual([])
    expect(stopDataProblem(stopData ?? stopDataOf(2), 2, RULES(one))).toBeUndefined()
  })

  it('do not take the place of the lock that there is', () => {
    const { one, write } = follower()
    one.giveFrom([1, 2, 3], write(1))
    one.giveFrom([1, 2, 3], write(3))
    const effects = one.giveFrom([1, 2, 3], { kind: 'stop', regency: 2, pending: [] })
    expect(sent(effects, 'stop-data')[0]?.prepared).toMatchObject([{ cid: 1, regency: 1 }])
  })

  it('are no lock either while the SYNC of their regency is awaited, and are one once it is there', () => {
    const { one, value, write } = follower()
    one.giveFrom([1, 2, 3], { kind: 'stop', regency: 2, pending: [] })
    one.giveFrom([1, 2, 3], write(2))
    expect(sent(one.wait(600), 'stop-data').every((message) => message.prepared.length === 0)).toBe(true)
    const lock = prepared(1, 1, value.digest)
    const effects = one.changeTo(2, [
      [1, { prepared: [lock] }],
      [2, {}],
      [3, {}],
    ])
    expect(sent(effects, 'accept')).toEqual([{ kind: 'accept', cid: 1, regency: 2, digest: value.digest }])
  })

  it('are a lock once a SYNC of a regency above is there, and never accepted', () => {
    const { one, value, write } = follower()
    one.giveFrom([1, 2, 3], write(3))
    const effects = one.changeTo(5, [
      [1, { prepared: [prepared(1, 3, value.digest)] }],
      [2, {}],
      [3, {}],
    ])
    expect(sent(effects, 'accept')).toEqual([])
    expect(sent(effects, 'write')).toEqual([{ kind: 'write', cid: 1, regency: 5, digest: value.digest }])
  })
})
