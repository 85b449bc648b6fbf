import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { Load } from '../support/load.js'
import { eventually, Processes } from '../support/processes.js'

/** Longer than the clock drift that a proposal may have, so that what waits in the sockets is old when it is read. A long run sets it. */
const PAUSE_MS = Number(process.env.ETALON_PAUSE_MS ?? 6_000)
/** Load before the pause. After five minutes of it LevelDB has filled its buffers, and memory is flat: a long run sets it too. */
const WARM_MS = Number(process.env.ETALON_WARM_MS ?? 0)
/** How much more than in the same time before the others may grow meanwhile, MiB: what may wait for a peer that does not read (docs/limits.md). */
const GROWTH_MIB_MAX = 40
const GAP_MS_MAX = 5_000

let processes: Processes
let load: Load

afterEach(async ({ task }) => {
  load?.stop()
  await processes?.close(task.result?.state === 'fail')
})

/** Resident memory of a replica's process, MiB. */
function rssMiB(id: number): number {
  const { pid } = processes.cluster.running().find((replica) => replica.id === id) ?? expect.fail()
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
}

/** By how much processes grow in the time of a pause, MiB. */
async function growth(ids: readonly number[]): Promise<readonly number[]> {
  const before = ids.map(rssMiB)
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  return ids.map((id, i) => rssMiB(id) - (before[i] ?? 0))
}

test(
  'a follower that stands still under load catches up, and nobody halts, accuses it or keeps all that it missed',
  async () => {
    processes = await Processes.start(4)
    const { cluster } = processes
    const { leader } = await processes.status(0)
    const paused = (leader + 2) % 4
    const others = [0, 1, 2, 3].filter((id) => id !== paused)
    // Clients of the paused replica would stand still with it.
    const targets = others.map((id) => ({ url: processes.url(id), identity: processes.identity(id) }))
    load = new Load(cluster.genesis, targets, 10)
    await eventually(() => load.times.length >= 100, 'load under way')

    await new Promise((resolve) => setTimeout(resolve, WARM_MS))
    // A young process grows for a while, whoever reads: the same time before the pause shows by how much.
    const usual = Math.max(...(await growth(others)))
    const stopped = performance.now()
    cluster.signal(paused, 'SIGSTOP')
    const grown = await growth(others)
    const during = load.since(stopped)
    expect(during).toBeGreaterThan(100)
    expect(Math.max(...grown)).toBeLessThan(usual + GROWTH_MIB_MAX)
    const height = (await processes.status(others[0] ?? 0)).finalized
    const continued = performance.now()
    cluster.signal(paused, 'SIGCONT')
    await processes.reaches(paused, height, PAUSE_MS + 20_000)
    const levelMs = performance.now() - continued
    await eventually(() => load.since(continued) >= 200, 'load after the pause')
    const gap = load.longestGap(stopped)
    expect(gap).toBeLessThan(GAP_MS_MAX)
    for (const id of [0, 1, 2, 3]) {
      expect(await processes.evidence(id), `evidence held by replica ${id}`).toEqual([])
      expect(await processes.status(id)).toMatchObject({ health: 'running' })
    }

    // It votes: without another one it is needed for every quorum.
    const [gone = expect.fail()] = others.filter((id) => id !== leader)
    await cluster.stopReplica(gone, 'SIGKILL')
    const alone = performance.now()
    await eventually(() => load.since(alone + 1_000) >= 100, 'transactions that need the replica that stood still')
    expect(load.contradictions).toEqual([])
    process.stderr.write(
      `paused follower: ${during} transactions during ${PAUSE_MS} ms, longest gap ${gap.toFixed(0)} ms, ` +
        `level again after ${levelMs.toFixed(0)} ms, the others grew by ${grown.map((mib) => mib.toFixed(0)).join(', ')} MiB, before that by up to ${usual.toFixed(0)} MiB\n`,
    )
  },
  60_000 + WARM_MS + 4 * PAUSE_MS,
)
