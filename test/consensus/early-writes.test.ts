import { describe, expect, it } from 'vitest'
import { stopDataProblem } from '../../src/consensus/regency-choice.js'
import { lock, OneReplica, sent, stopDataOf } from '../protocol/one-replica.js'

/**
 * WRITEs of a regency that a replica is not in yet. Found by the simulator's ambushes in the first version: such WRITEs made a
 * lock that its STOPDATA of a lower regency named, and its leader accused a correct replica.
 */

/** A follower that has the batch and the value, in regency 1. */
function follower() {
  const one = new OneReplica(0)
  one.giveBatch(1)
  one.propose(1)
  return one
}

const writes = (one: OneReplica, regency: number) => one.writes(1, one.value(1), regency)

describe('N3: WRITEs of a regency ahead', () => {
  it('are no lock in the STOPDATA of a lower one, which its leader would refuse', () => {
    const one = follower()
    writes(one, 3)
    const [stopData] = sent(one.stops(one.others, 2), 'stop-data')
    expect(stopData?.locks).toEqual([])
    expect(stopDataProblem(stopData ?? stopDataOf(2), one.options)).toBeUndefined()
  })

  it('do not take the place of the lock that there is', () => {
    const one = follower()
    writes(one, 1)
    writes(one, 3)
    expect(sent(one.stops(one.others, 2), 'stop-data')[0]?.locks).toMatchObject([{ cid: 1, regency: 1 }])
  })

  it('are no lock either while the SYNC of their regency is awaited, and are one once it is there', () => {
    const one = follower()
    const { digest } = one.value(1)
    one.stops(one.others, 2)
    writes(one, 2)
    const said = sent(one.wait(900), 'stop-data')
    expect(said.length).toBeGreaterThan(0)
    expect(said.every(({ locks }) => locks.length === 0)).toBe(true)
    const effects = one.changeTo(2, [
      [1, { locks: [lock(1, 1, digest)] }],
      [2, {}],
      [3, {}],
    ])
    expect(sent(effects, 'accept')).toMatchObject([{ cid: 1, regency: 2, digest }])
  })

  it('are never accepted once a SYNC of a regency above is there', () => {
    const one = follower()
    const { digest } = one.value(1)
    writes(one, 3)
    const effects = one.changeTo(5, [
      [1, { locks: [lock(1, 3, digest)] }],
      [2, {}],
      [3, {}],
    ])
    expect(sent(effects, 'accept')).toEqual([])
    expect(sent(effects, 'write')).toEqual([{ kind: 'write', cid: 1, regency: 5, digest }])
  })
})
