import { describe, expect, it } from 'vitest'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import type { MessageKind } from '../../src/types/index.js'
import { all, lock, OneReplica, sent } from '../protocol/one-replica.js'
import { Cluster } from './cluster.js'

/** L6: what is lost is said again, and what is final is answered by its certificate. */

const { resendMs, tickMs } = DEFAULT_TIMINGS

describe('L6: resending', () => {
  it('what an instance waits for is said again after a while without news, and less often each time', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    expect(sent(one.wait(resendMs - tickMs), 'write')).toEqual([])
    expect(sent(one.wait(tickMs), 'write')).toHaveLength(1)
    expect(sent(one.wait(1_000), 'write').length).toBeLessThanOrEqual(4)
  })

  it('not sooner than two round trips', () => {
    const one = new OneReplica(2)
    one.step({ kind: 'measured', roundTripMs: 300, proposalMs: 0 })
    for (const id of one.others) one.hear(id, { roundTripMs: 300 })
    one.giveBatch(1)
    one.propose(1)
    expect(sent(one.wait(550), 'write')).toEqual([])
    expect(sent(one.wait(100), 'write')).toHaveLength(1)
  })

  it('the leader says its proposal again', () => {
    const leader = new OneReplica(1)
    leader.giveBatch(1)
    expect(sent(leader.wait(200), 'propose')).toMatchObject([{ cid: 1 }])
  })

  it('with the prepared certificate and the ACCEPTs of others, where the lowest height is stuck', () => {
    const one = new OneReplica(2)
    one.prepare(1)
    one.accepts(1, one.value(1), 1, [0])
    const effects = one.wait(600)
    expect(all(effects, 'send-certificate')[0]).toMatchObject({ to: [0, 1, 3], certificate: { kind: 'write', cid: 1 } })
    expect(all(effects, 'relay')[0]).toMatchObject({
      to: [0, 1, 3],
      message: { sender: 0, message: { kind: 'accept' } },
    })
  })

  it('a certificate of WRITEs that is handed on locks', () => {
    const one = new OneReplica(2)
    one.giveBatch(1)
    one.propose(1)
    const { digest } = one.value(1)
    const certificate = { ...new OneReplica(0).certificateOf(1), kind: 'write' as const, digest }
    expect(sent(one.learn(certificate), 'accept')).toMatchObject([{ cid: 1, regency: 1 }])
    const other = new OneReplica(2)
    other.giveBatch(1)
    other.propose(1)
    other.learn({ ...certificate, regency: 2 })
    expect(sent(other.stops(other.others, 3), 'stop-data')[0]?.locks).toEqual([])
    expect(lock(1, 1, digest)).toMatchObject({ digest })
  })

  it('nothing is said of what is final', () => {
    const one = new OneReplica(2)
    one.decide(1)
    expect(one.wait(2_000).filter(({ kind }) => kind === 'send')).toEqual([])
  })
})

describe('L6: answers', () => {
  it('a vote for what has long been final gets the certificate, once a while', () => {
    const one = new OneReplica(2)
    one.decide(1)
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toEqual([])
    one.wait(200)
    const answer = { kind: 'send-certificate', to: [3], certificate: one.written }
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toEqual([answer])
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toEqual([])
    expect(one.step({ kind: 'outdated', from: 0, cid: 1 })).toHaveLength(1)
    one.wait(200)
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toEqual([answer])
  })

  it('from memory too, before the ledger is written, and for what is not final there is none', () => {
    const one = new OneReplica(2)
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toEqual([])
    one.decide(1)
    one.wait(200)
    expect(one.step({ kind: 'outdated', from: 3, cid: 1 })).toHaveLength(1)
    expect(one.step({ kind: 'outdated', from: 3, cid: 2 })).toEqual([])
  })
})

describe('L6: one lost message costs about one resend, and no regency', () => {
  const kinds: readonly MessageKind[] = ['propose', 'write', 'accept']
  const cases = kinds.flatMap((kind) => [0, 1, 2, 3].map((to) => [kind, to] as const))

  it.each(cases)('the first %s to replica %i', (kind, to) => {
    const cluster = new Cluster(4, to)
    // Replica 3 is down, or 2 where 3 is the one that loses: every vote is needed.
    cluster.crash(to === 3 ? 2 : 3)
    const ids = [0, 1, 2, 3].filter((id) => id !== (to === 3 ? 2 : 3))
    let lost = 0
    cluster.passes = (_from, receiver, message) => {
      if (message?.kind !== kind || receiver !== to || lost > 0) return true
      lost += 1
      return false
    }
    const digest = cluster.submit(0)
    const done = () => ids.every((id) => cluster.isFinal(id, digest))
    expect(cluster.run(600, done)).toBe(true)
    expect(ids.every((id) => cluster.node(id).regencies === 1)).toBe(true)
  })

  it('under load, message after message: a proposal that comes before the one below is no fault', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cluster = new Cluster(4, seed)
      cluster.passes = (from, _to, message) => message?.kind !== 'propose' || from !== 1 || !cluster.random.chance(0.3)
      const digests: string[] = []
      for (let i = 0; i < 40; i++) {
        digests.push(cluster.submit(i % 2))
        cluster.run(15)
      }
      const done = () => [0, 1, 2, 3].every((id) => digests.every((digest) => cluster.isFinal(id, digest)))
      expect(cluster.run(3_000, done), `seed ${seed}`).toBe(true)
      expect(
        cluster.nodes.map(({ regencies }) => regencies),
        `seed ${seed}`,
      ).toEqual([1, 1, 1, 1])
    }
  })
})
