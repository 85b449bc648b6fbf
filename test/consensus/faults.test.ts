import { describe, expect, it } from 'vitest'
import { makeValue } from '../../src/codec/block.js'
import { DEFAULT_TIMINGS } from '../../src/consensus/index.js'
import { nobleSuite } from '../../src/crypto/index.js'
import type { Digest, Message, Propose, Value } from '../../src/types/index.js'
import { Cluster } from './cluster.js'

const { sha256 } = nobleSuite

/**
 * Faults of the first version of the protocol, each by the schedule that showed it. They are numbered as in
 * docs/internals/consensus.md, "What must never happen again".
 */

const LEADER = 1
const OTHERS = [0, 2, 3] as const
const ALL = [0, 1, 2, 3] as const

/** Regency changes that any replica saw. */
function countChanges(cluster: Cluster): () => number {
  let highest = 1
  const before = cluster.watch
  cluster.watch = (id, effect) => {
    before(id, effect)
    if (effect.kind === 'regency-installed') highest = Math.max(highest, effect.regency)
  }
  return () => highest - 1
}

/** A leader that puts another value in the place of each that its replica proposes, and votes for that. */
function rewriteProposals(cluster: Cluster, from: number, rewrite: (message: Propose) => Value | undefined): void {
  const others = new Map<Digest, Digest>()
  cluster.instead = (sender, _, message): readonly Message[] => {
    if (sender !== from) return [message]
    if (message.kind === 'propose') {
      const value = rewrite(message)
      if (value === undefined) return [message]
      others.set(message.value.digest, value.digest)
      return [{ ...message, value }]
    }
    if (message.kind === 'write') return [{ ...message, digest: others.get(message.digest) ?? message.digest }]
    return [message]
  }
}

/** Lanes submit a batch each in turn until the time is up; gives how long each took to be final at its own replica, ms. */
function serve(
  cluster: Cluster,
  lanes: readonly number[],
  everyMs: number,
  forMs: number,
): ReadonlyMap<Digest, number> {
  const open = new Map<Digest, { readonly lane: number; readonly atMs: number }>()
  const took = new Map<Digest, number>()
  const note = (): void => {
    for (const [digest, { lane, atMs }] of open) {
      if (!cluster.isFinal(lane, digest)) continue
      took.set(digest, cluster.nowMs - atMs)
      open.delete(digest)
    }
  }
  const endMs = cluster.nowMs + forMs
  while (cluster.nowMs < endMs) {
    for (const lane of lanes) open.set(cluster.submit(lane), { lane, atMs: cluster.nowMs })
    cluster.run(everyMs)
    note()
  }
  cluster.run(60_000, () => {
    note()
    return open.size === 0
  })
  for (const [digest, { atMs }] of open) took.set(digest, cluster.nowMs - atMs + 1_000_000)
  return took
}

describe('1: what a crash takes back is no ground for a decision', () => {
  it('the only replica that decided a height keeps its block, whoever loses power afterwards', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new Cluster(4, seed, { window: 8 })
      cluster.delayMs = () => 2
      for (let height = 1; height <= 8; height++) {
        cluster.submit(height % 4)
        cluster.run(30)
      }
      const reached = Math.max(...ALL.map((id) => cluster.chain(id).length))
      // From here on only replica 3 hears ACCEPTs, so it alone decides, a whole window of heights.
      cluster.passes = (_, to, message) => message?.kind !== 'accept' || to === 3
      for (let i = 0; i < 10; i++) {
        cluster.submit(i % 4)
        cluster.run(10 + seed)
      }
      const alone = cluster.chain(3).length
      expect(alone).toBeGreaterThan(reached)
      for (const id of [0, 1, 2]) cluster.crash(id)
      cluster.passes = (from, to) => from !== 3 && to !== 3
      for (const id of [0, 1, 2]) cluster.restart(id)
      for (let i = 0; i < 12; i++) {
        cluster.submit(i % 3)
        cluster.run(400)
      }
      expect(Math.max(...[0, 1, 2].map((id) => cluster.chain(id).length))).toBeGreaterThanOrEqual(alone)
      cluster.passes = () => true
      cluster.run(5_000)
      cluster.checkAgreement()
    }
  })
})

describe('2, 3 and 4: progress of some sort is not service to all', () => {
  it('replaces a leader that proposes empty values', () => {
    const cluster = new Cluster(4, 1)
    const changes = countChanges(cluster)
    rewriteProposals(cluster, LEADER, ({ value }) => makeValue(sha256, value.timestampMs, []))
    const took = serve(cluster, OTHERS, 100, 10_000)
    expect(changes()).toBeGreaterThan(0)
    expect(Math.max(...took.values())).toBeLessThan(5_000)
  })

  it('lets a leader that proposes just in time cost no more than T_turn a proposal', () => {
    const cluster = new Cluster(4, 2, { window: 8 })
    const changes = countChanges(cluster)
    let lastMs = cluster.nowMs
    // Each proposal leaves as late as it may.
    cluster.delayMs = (from, _, message) => {
      if (from !== LEADER || message?.kind !== 'propose') return 2
      lastMs = Math.max(lastMs, cluster.nowMs) + 300
      return Math.max(2, lastMs - cluster.nowMs)
    }
    const took = serve(cluster, OTHERS, 2_000, 60_000)
    expect(Math.max(...took.values())).toBeLessThan(10_000)
    expect(changes()).toBeLessThan(3)
  })

  it('replaces a leader that leaves one lane out', () => {
    const cluster = new Cluster(4, 3)
    const changes = countChanges(cluster)
    const victim = new Set<Digest>()
    rewriteProposals(cluster, LEADER, ({ value }) =>
      makeValue(
        sha256,
        value.timestampMs,
        value.batches.filter((digest) => !victim.has(digest)),
      ),
    )
    const open: { readonly digest: Digest; readonly atMs: number }[] = []
    for (let i = 0; i < 40; i++) {
      const digest = cluster.submit(0)
      victim.add(digest)
      open.push({ digest, atMs: cluster.nowMs })
      for (const lane of [2, 3]) cluster.submit(lane)
      cluster.run(200)
    }
    expect(cluster.run(5_000, () => open.every(({ digest }) => cluster.isFinal(2, digest)))).toBe(true)
    expect(changes()).toBeGreaterThan(0)
  })

  it('replaces a leader that names an old batch of the lane again instead of the next one', () => {
    const cluster = new Cluster(4, 4)
    const first = cluster.submit(0)
    cluster.run(100)
    expect(cluster.isFinal(2, first)).toBe(true)
    const changes = countChanges(cluster)
    const victim = new Set<Digest>()
    rewriteProposals(cluster, LEADER, ({ value }) => {
      const kept = value.batches.filter((digest) => !victim.has(digest))
      return makeValue(sha256, value.timestampMs, kept.length === 0 ? [] : [first, ...kept])
    })
    const open = Array.from({ length: 20 }, () => {
      const digest = cluster.submit(0)
      victim.add(digest)
      cluster.submit(2)
      cluster.run(200)
      return digest
    })
    expect(cluster.run(8_000, () => open.every((digest) => cluster.isFinal(2, digest)))).toBe(true)
    expect(changes()).toBeGreaterThan(0)
  })
})

describe('8: clocks', () => {
  it('a wall clock that is an hour ahead and then right keeps no replica from asking for another leader', () => {
    const cluster = new Cluster(4, 5)
    cluster.clockErrorMs.set(0, 3_600_000)
    cluster.clockErrorMs.set(2, 3_600_000)
    cluster.run(4_000)
    cluster.clockErrorMs.clear()
    cluster.crash(LEADER)
    const digest = cluster.submit(0)
    expect(cluster.run(6_000, () => OTHERS.every((id) => cluster.isFinal(id, digest)))).toBe(true)
  })

  it.each([500, 700, 1_500])('ticks that come %d ms late replace a dead leader all the same', (lateMs) => {
    const cluster = new Cluster(4, 6)
    cluster.tickDelayMs = () => lateMs
    cluster.crash(LEADER)
    const digest = cluster.submit(0)
    expect(cluster.run(30_000, () => OTHERS.every((id) => cluster.isFinal(id, digest)))).toBe(true)
  })

  it('a pause of its own is not the leader’s fault', () => {
    const cluster = new Cluster(4, 7)
    const changes = countChanges(cluster)
    cluster.tickDelayMs = (id) => (id === 0 ? 30_000 : 0)
    serve(cluster, [1, 2, 3], 500, 20_000)
    expect(changes()).toBe(0)
  })
})

describe('9: one lost message costs one resend', () => {
  const LOST = ['propose', 'write', 'accept'] as const
  it.each(LOST.flatMap((kind) => [50, 200, 5_000].map((everyMs) => ({ kind, everyMs }))))(
    '$kind, with a batch every $everyMs ms and one replica down',
    ({ kind, everyMs }) => {
      const cluster = new Cluster(4, 8, { window: 8 })
      cluster.delayMs = () => 2
      cluster.crash(3)
      const changes = countChanges(cluster)
      let lost: { readonly atMs: number; readonly cid: number } | undefined
      cluster.passes = (from, to, message) => {
        if (lost !== undefined || message?.kind !== kind || from !== 1 || to !== 2) return true
        lost = { atMs: cluster.nowMs, cid: message.cid }
        return false
      }
      let done: number | undefined
      for (let t = 0; t < 6_000; t += 50) {
        if (t % everyMs === 0) cluster.submit(1)
        cluster.run(50)
        const isDone = lost !== undefined && [0, 1, 2].every((id) => cluster.chain(id).length >= (lost?.cid ?? 0))
        if (isDone) done ??= cluster.nowMs - (lost?.atMs ?? 0)
      }
      expect(lost).toBeDefined()
      expect(done).toBeLessThan(2 * DEFAULT_TIMINGS.finishMs)
      expect(done).toBeLessThan(600)
      expect(changes()).toBe(0)
    },
  )
})

describe('10: evidence takes no replica out of step', () => {
  it('shown to one replica alone, it reaches all, and the leader is replaced', () => {
    const cluster = new Cluster(4, 9)
    const changes = countChanges(cluster)
    // Two proposals for one height, the second to replica 3 only.
    cluster.instead = (from, to, message) => {
      if (from !== LEADER || message.kind !== 'propose' || to !== 3) return [message]
      return [message, { ...message, value: makeValue(sha256, message.value.timestampMs + 1, message.value.batches) }]
    }
    const took = serve(cluster, OTHERS, 200, 5_000)
    expect(changes()).toBeGreaterThan(0)
    for (const id of OTHERS) expect(cluster.node(id).misbehaviour).toContain(`${LEADER} equivocation`)
    expect(Math.max(...took.values())).toBeLessThan(5_000)
    expect(new Set(OTHERS.map((id) => cluster.node(id).core.status().regency)).size).toBe(1)
  })
})

describe('16: long ways', () => {
  it.each([150, 400, 1_500])('%d ms one way: no leader is replaced once the round trip is known', (oneWayMs) => {
    const cluster = new Cluster(4, 10)
    cluster.delayMs = () => oneWayMs
    for (const id of ALL) cluster.step(id, { kind: 'measured', roundTripMs: 2 * oneWayMs, proposalMs: 10 })
    cluster.run(4 * oneWayMs + 1_000)
    const changes = countChanges(cluster)
    let batches = 0
    cluster.watch = (_, effect) => {
      if (effect.kind === 'send-batch') batches += effect.to.length
    }
    const took = serve(cluster, ALL, 500, 20_000)
    expect(changes()).toBe(0)
    expect(batches).toBe(0)
    expect(Math.max(...took.values())).toBeLessThan(12 * oneWayMs + 500)
  })
})
