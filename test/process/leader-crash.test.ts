import { afterEach, expect, test } from 'vitest'
import { Load } from '../support/load.js'
import { eventually, Processes } from '../support/processes.js'

const GAP_MS_MAX = 5_000

let processes: Processes
let load: Load

afterEach(async ({ task }) => {
  load?.stop()
  await processes?.close(task.result?.state === 'fail')
})

test('after kill -9 of the leader the others finalize within 5 s, and the restarted one votes again', async () => {
  processes = await Processes.start(4)
  const { cluster } = processes
  const targets = cluster.running().map(({ id, url }) => ({ url, identity: processes.identity(id) }))
  load = new Load(cluster.genesis, targets, 8)
  await eventually(() => load.times.length >= 200, 'load under way')

  const { leader } = await processes.status(0)
  const survivors = [0, 1, 2, 3].filter((id) => id !== leader)
  const killed = performance.now()
  await cluster.stopReplica(leader, 'SIGKILL')
  await eventually(async () => {
    const statuses = await Promise.all(survivors.map((id) => processes.status(id)))
    return statuses.every(({ regency, phase }) => regency > 1 && phase === 'normal')
  }, 'a new leader')
  const installed = performance.now()
  await eventually(() => load.since(installed) >= 200, 'transactions without the leader of old')
  const gap = load.longestGap(killed)
  expect(gap).toBeLessThan(GAP_MS_MAX)

  const restarted = performance.now()
  await cluster.startReplica(leader)
  const startedMs = performance.now() - restarted
  await processes.reaches(leader, await processes.height())
  const caughtUpMs = performance.now() - restarted

  // Without a second one, the restarted replica is needed for every quorum.
  const [second = expect.fail()] = survivors
  const third = survivors.filter((id) => id !== second)
  await cluster.stopReplica(second, 'SIGKILL')
  const alone = performance.now()
  await eventually(() => load.since(alone + GAP_MS_MAX / 5) >= 200, 'transactions that need the restarted replica')
  const height = await processes.height()
  for (const id of [leader, ...third]) await processes.reaches(id, height)
  const blocks = await Promise.all([leader, ...third].map((id) => processes.block(id, height)))
  expect(new Set(blocks.map(({ hash }) => hash)).size).toBe(1)
  for (const { proof } of blocks) {
    expect(proof.certificate.signatures.map(({ replica }) => replica)).toEqual([leader, ...third].sort())
  }
  for (const id of [leader, ...third]) expect(await processes.evidence(id)).toEqual([])
  expect(load.contradictions).toEqual([])
  expect(load.refused).toEqual([])
  process.stderr.write(
    `leader crash: gap ${gap.toFixed(0)} ms, start ${startedMs.toFixed(0)} ms, level again after ` +
      `${caughtUpMs.toFixed(0)} ms, gap of the second crash ${load.longestGap(alone).toFixed(0)} ms, ` +
      `${load.times.length} transactions\n`,
  )
}, 90_000)
