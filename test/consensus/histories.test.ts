import { expect, it } from 'vitest'
import { Cluster } from './cluster.js'

/**
 * Seeded histories: crashes that lose what is not synced, orderly stops, power loss of all, a lost disk, compaction at any
 * time, loss of messages and links. Final chains agree at all times, and all comes right once the faults end.
 */

const ROUNDS = 12
/** Once all is whole again, ms of the fake clock. */
const HEALING_MS = 120_000

const where = (cluster: Cluster): string => cluster.nodes.map((node) => JSON.stringify(node.core.status())).join('\n')

/** One fault of a round. At most one disk is lost in a history. */
class Faults {
  readonly #cluster: Cluster
  #isDiskLost = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  get #all(): readonly number[] {
    return [...this.#cluster.nodes.keys()]
  }

  strike(): void {
    const { random, nodes } = this.#cluster
    const die = random.below(12)
    const victim = random.below(nodes.length)
    if (die < 3) this.#end(victim)
    else if (die === 3) for (const id of this.#all) this.#crash(id)
    else if (die === 4) this.#loseDisk(victim)
    else if (die === 5) this.#cluster.passes = (from, to) => from !== victim && to !== victim
    else if (die === 6) this.#cluster.passes = (from, to) => from !== victim || to % 2 === 0
    else this.#mend()
    for (const id of this.#all) if (this.#isUp(id) && random.chance(0.3)) this.#cluster.compact(id)
  }

  #isUp(id: number): boolean {
    return this.#cluster.node(id).up
  }

  #crash(id: number): void {
    if (this.#isUp(id)) this.#cluster.crash(id)
  }

  #end(id: number): void {
    if (!this.#isUp(id)) return
    if (this.#cluster.random.chance(0.5)) this.#cluster.crash(id)
    else this.#cluster.stop(id)
  }

  #loseDisk(id: number): void {
    const { nodes } = this.#cluster
    // With fewer than four replicas none may be lost, and none beside one that is down.
    if (this.#isDiskLost || nodes.length < 4 || nodes.some(({ up }) => !up)) return
    this.#isDiskLost = true
    this.#cluster.loseDisk(id)
    this.#cluster.restart(id)
  }

  #mend(): void {
    this.#cluster.passes = () => true
    for (const id of this.#all) if (!this.#isUp(id) && this.#cluster.random.chance(0.7)) this.#cluster.restart(id)
  }
}

function play(n: number, seed: number): void {
  const cluster = new Cluster(n, seed)
  const all = [...cluster.nodes.keys()]
  const faults = new Faults(cluster)
  cluster.lossRate = [0, 0.05, 0.2][seed % 3] ?? 0
  for (let round = 0; round < ROUNDS; round++) {
    for (const lane of all) if (cluster.node(lane).up) cluster.submit(lane)
    cluster.run(50 + cluster.random.below(400))
    faults.strike()
    cluster.checkAgreement()
  }
  cluster.lossRate = 0
  cluster.passes = () => true
  for (const id of all) if (!cluster.node(id).up) cluster.restart(id)
  cluster.run(3_000)
  const height = Math.max(...all.map((id) => cluster.chain(id).length))
  const digests = all.map((lane) => cluster.submit(lane))
  const isDone = (id: number) => cluster.chain(id).length >= height && digests.every((one) => cluster.isFinal(id, one))
  const isOver = cluster.run(HEALING_MS, () => all.every(isDone))
  cluster.checkAgreement()
  if (!isOver) throw new Error(`stuck\n${where(cluster)}`)
}

/** Runs histories, and names the seed of one that fails. */
function playAll(n: number, seeds: number, first = 1): void {
  for (let seed = first; seed < first + seeds; seed++) {
    try {
      play(n, seed)
    } catch (error) {
      expect.fail(`n = ${n}, seed ${seed}: ${error instanceof Error ? error.stack : error}`)
    }
  }
}

it.each([
  [1, 25],
  [2, 30],
  [3, 25],
  [4, 60],
  [7, 10],
])('n = %i: final chains agree at all times, and all comes right after %i histories', (n, seeds) => {
  playAll(n, seeds)
})
