import { describe, expect, it } from 'vitest'
import { Cluster } from '../consensus/cluster.js'
import { InProcessNetwork, until } from '../support/in-process.js'

const situation = (cluster: Cluster): string =>
  cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')

/** Replica 0 is cut off, gives the leader up over a batch that it alone has, and comes back. Nobody else has any work. */
function afterLoneStop(seed: number, silent?: number): { cluster: Cluster; digest: string } {
  const cluster = new Cluster(4, seed)
  cluster.passes = (from, to) => from !== 0 && to !== 0
  const digest = cluster.submit(0)
  const stopping = () => cluster.node(0).core.status().phase === 'stopping'
  expect(cluster.run(5_000, stopping), `seed ${seed}: STOP of replica 0`).toBe(true)
  cluster.run(2_000)
  if (silent !== undefined) cluster.crash(silent)
  cluster.passes = () => true
  return { cluster, digest }
}

describe('a lone STOP sender that comes back', () => {
  it('gets its batch ordered, though nobody followed it', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { cluster, digest } = afterLoneStop(seed)
      const done = cluster.run(60_000, () => [0, 1, 2, 3].every((id) => cluster.isFinal(id, digest)))
      expect(done, `seed ${seed}\n${situation(cluster)}`).toBe(true)
    }
  })

  it.each([1, 2, 3])('leaves no network without a quorum when replica %i is silent', (silent) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { cluster, digest } = afterLoneStop(seed, silent)
      const left = [0, 1, 2, 3].filter((id) => id !== silent)
      const done = cluster.run(60_000, () => left.every((id) => cluster.isFinal(id, digest)))
      expect(done, `seed ${seed}\n${situation(cluster)}`).toBe(true)
      cluster.checkAgreement()
    }
  })

  it.each([1, 2, 3])('nor when replica %i is silent and the work is with the others', (silent) => {
    const { cluster } = afterLoneStop(1, silent)
    const left = [0, 1, 2, 3].filter((id) => id !== silent)
    cluster.passes = (from) => from !== 0
    const digest = cluster.submit(left[1] ?? 1)
    cluster.run(3_000)
    cluster.passes = () => true
    const done = cluster.run(60_000, () => left.every((id) => cluster.isFinal(id, digest)))
    expect(done, situation(cluster)).toBe(true)
    cluster.checkAgreement()
  })

  it('gets its transaction answered in the runtime', async () => {
    const network = await InProcessNetwork.start(4)
    try {
      for (const id of [1, 2, 3]) network.network.disconnect(0, id)
      const outcome = network.append(0, 'known to replica 0 alone')
      await until(() => network.get(0).replica.status().phase === 'stopping', 'its STOP')
      for (const id of [1, 2, 3]) network.network.reconnect(0, id)
      expect(await outcome).toMatchObject({ kind: 'final' })
    } finally {
      await network.close()
    }
  })
})

describe('any mixture of phases, one replica being silent from then on', () => {
  it('comes together and orders what a correct replica was given', () => {
    let stopping = 0
    for (let seed = 1; seed <= 60; seed++) {
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
      if (left.some((id) => cluster.node(id).core.status().phase !== 'normal')) stopping += 1
      cluster.passes = () => true
      const wanted = digests.filter(({ lane }) => lane !== silent)
      const done = () => left.every((id) => wanted.every(({ digest }) => cluster.isFinal(id, digest)))
      expect(cluster.run(240_000, done), `seed ${seed}, silent ${silent}\n${situation(cluster)}`).toBe(true)
      cluster.checkAgreement()
    }
    expect(stopping).toBeGreaterThan(10)
  })
})
