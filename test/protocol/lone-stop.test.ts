import { describe, expect, it } from 'vitest'
import { Cluster } from '../consensus/cluster.js'
import { InProcessNetwork, until } from '../support/in-process.js'

/** A wish binds nothing (rule R1) and lapses (R2): a replica that alone gave the leader up is lost to no quorum. */

const situation = (cluster: Cluster): string =>
  cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')

/** Replica 0 is cut off, asks for another leader over a batch that it alone has, and comes back. Nobody else has any work. */
function afterLoneWish(seed: number, silent?: number): { cluster: Cluster; digest: string } {
  const cluster = new Cluster(4, seed)
  let isWanted = false
  cluster.watch = (id, effect) => {
    if (id === 0 && effect.kind === 'send' && effect.message.kind === 'stop') isWanted = true
  }
  cluster.passes = (from, to) => from !== 0 && to !== 0
  const digest = cluster.submit(0)
  expect(
    cluster.run(5_000, () => isWanted),
    `seed ${seed}: STOP of replica 0`,
  ).toBe(true)
  cluster.run(2_000)
  expect(cluster.node(0).core.status()).toMatchObject({ regency: 1, phase: 'normal' })
  if (silent !== undefined) cluster.crash(silent)
  cluster.passes = () => true
  return { cluster, digest }
}

describe('a lone STOP sender that comes back', () => {
  it('gets its batch ordered in the regency that it wished away, within seconds', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { cluster, digest } = afterLoneWish(seed)
      const done = cluster.run(5_000, () => [0, 1, 2, 3].every((id) => cluster.isFinal(id, digest)))
      expect(done, `seed ${seed}\n${situation(cluster)}`).toBe(true)
      expect(cluster.nodes.map(({ regencies }) => regencies)).toEqual([1, 1, 1, 1])
    }
  })

  it.each([1, 2, 3])('leaves no network without a quorum when replica %i is silent', (silent) => {
    for (let seed = 1; seed <= 5; seed++) {
      const { cluster, digest } = afterLoneWish(seed, silent)
      const left = [0, 1, 2, 3].filter((id) => id !== silent)
      const done = cluster.run(10_000, () => left.every((id) => cluster.isFinal(id, digest)))
      expect(done, `seed ${seed}\n${situation(cluster)}`).toBe(true)
      cluster.checkAgreement()
    }
  })

  it.each([1, 2, 3])('nor when replica %i is silent and the work is with the others', (silent) => {
    const { cluster } = afterLoneWish(1, silent)
    const left = [0, 1, 2, 3].filter((id) => id !== silent)
    cluster.passes = (from) => from !== 0
    const digest = cluster.submit(left[1] ?? 1)
    cluster.run(3_000)
    cluster.passes = () => true
    const done = cluster.run(20_000, () => left.every((id) => cluster.isFinal(id, digest)))
    expect(done, situation(cluster)).toBe(true)
    cluster.checkAgreement()
  })

  it('adds nothing to a wish of another one, later: it was taken back', () => {
    const { cluster, digest } = afterLoneWish(3)
    cluster.run(5_000, () => [0, 1, 2, 3].every((id) => cluster.isFinal(id, digest)))
    cluster.run(500)
    // Now replica 3 is cut off, and wishes alone.
    cluster.passes = (from, to) => from !== 3 && to !== 3
    cluster.submit(3)
    cluster.run(3_000)
    cluster.passes = () => true
    cluster.run(3_000)
    expect(cluster.nodes.map(({ regencies }) => regencies)).toEqual([1, 1, 1, 1])
  })

  it('gets its transaction answered in the runtime', async () => {
    const network = await InProcessNetwork.start(4)
    try {
      for (const id of [1, 2, 3]) network.network.disconnect(0, id)
      const outcome = network.append(0, 'known to replica 0 alone')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      for (const id of [1, 2, 3]) network.network.reconnect(0, id)
      expect(await outcome).toMatchObject({ kind: 'final' })
      await until(() => network.get(0).replica.status().regency === 1, 'regency 1')
    } finally {
      await network.close()
    }
  })
})

describe('any mixture of regencies and wishes, one replica being silent from then on', () => {
  it('comes together and orders what a correct replica was given', () => {
    let changed = 0
    for (let seed = 1; seed <= 30; seed++) {
      const cluster = new Cluster(4, seed)
      const { random } = cluster
      const digests: { lane: number; digest: string }[] = []
      for (let round = 0; round < 8; round++) {
        // Each way between two replicas is open or shut by itself.
        const shut = new Set(Array.from({ length: 16 }, (_, way) => way).filter(() => random.chance(0.4)))
        cluster.passes = (from, to) => !shut.has(4 * from + to)
        const lane = random.below(4)
        if (random.chance(0.6)) digests.push({ lane, digest: cluster.submit(lane) })
        cluster.run(random.below(2_500))
      }
      const silent = random.below(4)
      cluster.crash(silent)
      const left = [0, 1, 2, 3].filter((id) => id !== silent)
      if (left.some((id) => cluster.node(id).core.status().regency > 1)) changed += 1
      cluster.passes = () => true
      const wanted = digests.filter(({ lane }) => lane !== silent)
      const done = () => left.every((id) => wanted.every(({ digest }) => cluster.isFinal(id, digest)))
      expect(cluster.run(240_000, done), `seed ${seed}, silent ${silent}\n${situation(cluster)}`).toBe(true)
      cluster.checkAgreement()
    }
    expect(changed).toBeGreaterThan(5)
  })
})
