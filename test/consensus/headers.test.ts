import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { all, finality, OneReplica, sent } from '../protocol/one-replica.js'
import { digestOf, headerOf } from './cluster.js'

/** N8: replicas that compute different headers of one value. Replica 2 of four; replica 1 leads regency 1. */

const OTHER = digestOf('another header')

const accept = (one: OneReplica, sender: number, header: string) =>
  one.give(sender, { kind: 'accept', cid: 1, regency: 1, digest: one.value(1).digest, header })

describe('N8: headers that differ', () => {
  it('two and two: nothing can become final, the replica says so, and no leader is blamed', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    accept(one, 2, one.header(1))
    accept(one, 0, one.header(1))
    accept(one, 1, OTHER)
    expect(one.core.status().headersDiffer).toBe(false)
    accept(one, 3, OTHER)
    expect(one.core.status().headersDiffer).toBe(true)
    // Whether the leader shows the batch or not, and however long its lane waits.
    expect(sent(one.wait(3 * DEFAULT_TIMINGS.finishMs), 'stop')).toEqual([])
    one.hear(1, { lanes: [{ lane: 0, incarnation: 1, number: 1 }] })
    expect(sent(one.wait(one.options.dedupWindowMs), 'stop')).toEqual([])
  })

  it('f + 1 name another one than ours', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    accept(one, 0, OTHER)
    expect(one.core.status().headersDiffer).toBe(false)
    accept(one, 1, OTHER)
    expect(one.core.status().headersDiffer).toBe(true)
  })

  it('one liar alone saves no leader', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    accept(one, 0, OTHER)
    expect(one.core.status().headersDiffer).toBe(false)
    expect(one.waitFor('stop', 5_000)).toBeLessThan(5_000)
  })

  it('headers of different regencies or values are no difference', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    for (const sender of [0, 1]) {
      one.give(sender, { kind: 'accept', cid: 1, regency: 3, digest: one.value(1).digest, header: OTHER })
    }
    for (const sender of [0, 1]) {
      const digest = one.value(1, 3).digest
      one.give(sender, { kind: 'accept', cid: 1, regency: 1, digest, header: OTHER })
    }
    expect(one.core.status().headersDiffer).toBe(false)
  })

  it('a certificate of another header than the one computed here is not taken for final: the blocks are pulled', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.hear(0, { finalized: 1 })
    const effects = one.learn(finality(1, 1, one.value(1).digest, OTHER))
    expect(all(effects, 'final')).toEqual([])
    expect(all(effects, 'fetch')).toMatchObject([{ what: { blocks: { from: 1, to: 1 } }, from: [0] }])
    expect(one.core.status().finalized).toBe(0)
  })

  it('a speculative header that another binding overtakes is no divergence', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.prepare(2)
    const other = one.value(1, 3)
    one.giveBatch(1, 3)
    const first = headerOf('', other.digest)
    const second = headerOf(first, one.value(2).digest)
    one.learn(finality(2, 3, one.value(2).digest, second))
    one.learn(finality(1, 3, other.digest, first))
    const effects = one.step({ kind: 'value', value: other })
    expect(all(effects, 'final').at(-1)).toMatchObject({ certificate: { cid: 2, header: second } })
  })
})
