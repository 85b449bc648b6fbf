import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { changeView, inView } from '../support/govern.js'
import { Load } from '../support/load.js'
import { eventually, Processes } from '../support/processes.js'

/** Short, so that blocks may be pruned soon. */
const DEDUP_WINDOW_MS = 4_000
const SNAPSHOT_EVERY_BLOCKS = 40

let processes: Processes
let load: Load

afterEach(async ({ task }) => {
  load?.stop()
  await processes?.close(task.result?.state === 'fail')
})

async function snapshotsInstalled(replica: number): Promise<number> {
  const metrics = await (await fetch(`${processes.url(replica)}/metrics`)).text()
  return Number(/^etalon_events_total\{name="snapshot.installed"\} (\d+)$/m.exec(metrics)?.[1] ?? 0)
}

/** Waits until replicas stand at one height, where they must have one block, and so one state root. */
async function expectLevel(ids: readonly number[]): Promise<void> {
  const height = await processes.height()
  for (const id of ids) await processes.reaches(id, height)
  const blocks = await Promise.all(ids.map((id) => processes.block(id, height)))
  expect(new Set(blocks.map(({ hash }) => hash)).size).toBe(1)
}

test('a new replica joins, and one without its ledger comes back, by snapshots of peers that have pruned', async () => {
  const config = { retainBlocks: 1, snapshotEveryBlocks: SNAPSHOT_EVERY_BLOCKS }
  processes = await Processes.start(4, { organizations: 5, parameters: { dedupWindowMs: DEDUP_WINDOW_MS }, config })
  const { cluster } = processes
  const founders = [0, 1, 2, 3]
  const targets = founders.map((id) => ({ url: processes.url(id), identity: processes.identity(id) }))
  load = new Load(cluster.genesis, targets, 4)
  const hasPruned = async (id: number) => (await processes.status(id)).oldest > SNAPSHOT_EVERY_BLOCKS
  for (const id of founders) await eventually(() => hasPruned(id), `replica ${id} prunes`, 60_000)

  await cluster.startReplica(4)
  const joined = await processes.height()
  await changeView(processes, [{ kind: 'add', ...(await cluster.publicInfo(4)) }], founders, founders)
  const all = [...founders, 4]
  await inView(processes, all, 1)
  await eventually(async () => (await snapshotsInstalled(4)) > 0, 'a snapshot at the new replica')
  expect((await processes.status(4)).oldest).toBeGreaterThan(1)

  // It votes: four of five are a quorum, and one of the others is gone, and loses its ledger.
  await cluster.stopReplica(3, 'SIGKILL')
  const without = performance.now()
  await eventually(() => load.since(without + 1_000) >= 100, 'transactions that need the vote of the new replica')
  rmSync(join(cluster.folder, cluster.genesis.organizations[3]?.id ?? '', 'data', 'ledger'), { recursive: true })
  await cluster.startReplica(3)
  await processes.reaches(3, await processes.height())
  await eventually(async () => (await snapshotsInstalled(3)) === 1, 'a snapshot where the ledger was lost')
  await load.finish()

  await expectLevel(all)
  for (const id of all) expect(await processes.evidence(id), `evidence held by replica ${id}`).toEqual([])
  // What it never executed is known to it all the same, so that it cannot be executed again.
  const { oldest } = await processes.status(3)
  const early = [...load.seen.values()].filter(({ height }) => height >= oldest)
  const first = early.reduce((least, seen) => (seen.height < least.height ? seen : least))
  expect(await processes.client(3).receipt(first.id)).toMatchObject({ height: first.height })
  expect(load.contradictions).toEqual([])
  expect(load.refused).toEqual([])
  process.stderr.write(`joined by snapshot at height ${joined}; ${load.times.length} transactions in all\n`)
}, 180_000)
