import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { changeView, inView } from '../support/govern.js'
import { Load } from '../support/load.js'
import { eventually, Processes } from '../support/processes.js'

let processes: Processes
let load: Load

afterEach(async ({ task }) => {
  load?.stop()
  await processes?.close(task.result?.state === 'fail')
})

test('grows from 4 to 7 replicas and shrinks to 4 under load: nothing lost, nobody divergent, old keys erased', async () => {
  processes = await Processes.start(4, { organizations: 7 })
  const { cluster } = processes
  const founders = [0, 1, 2, 3]
  const targets = founders.map((id) => ({ url: processes.url(id), identity: processes.identity(id) }))
  load = new Load(cluster.genesis, targets, 4)
  await eventually(() => load.times.length >= 100, 'load under way')
  const began = performance.now()

  for (const id of [4, 5, 6]) {
    await cluster.startReplica(id)
    await changeView(
      processes,
      [{ kind: 'add', ...(await cluster.publicInfo(id)) }],
      [0, 1, 2, 3, 4, 5].slice(0, id),
      founders,
    )
    await inView(processes, [...founders, ...[4, 5, 6].filter((joined) => joined <= id)], id - 3)
  }
  const seven = load.times.length
  await eventually(() => load.times.length >= seven + 100, 'transactions in the view of seven')
  // Two of seven may fail: with one of four gone, and one of the new, the rest goes on.
  await cluster.stopReplica(5, 'SIGKILL')
  await cluster.stopReplica(3, 'SIGKILL')
  const five = performance.now()
  await eventually(() => load.since(five + 2_000) >= 50, 'transactions with five of seven')
  await cluster.startReplica(3)
  await processes.reaches(3, await processes.height())

  await changeView(
    processes,
    [4, 5, 6].map((replica) => ({ kind: 'remove', replica })),
    [0, 1, 2, 4, 6],
    founders,
  )
  await inView(processes, [...founders, 4, 6], 4)
  const four = load.times.length
  await eventually(() => load.times.length >= four + 100, 'transactions in the view of four again')
  const gap = load.longestGap(began)
  await load.finish()

  const height = await processes.height()
  for (const id of [...founders, 4, 6]) await processes.reaches(id, height)
  const heights = Array.from({ length: height }, (_, i) => i + 1)
  const [reference = [], ...others] = await Promise.all(
    [...founders, 4, 6].map(async (id) => {
      const blocks = []
      for (const at of heights) blocks.push(await processes.block(id, at))
      return blocks
    }),
  )
  for (const blocks of others) expect(blocks.map(({ hash }) => hash)).toEqual(reference.map(({ hash }) => hash))
  const executed = new Map(
    reference.flatMap(({ height: at, receipts }) => receipts.map(({ transaction }) => [transaction, at] as const)),
  )
  for (const { id, height: at } of load.seen.values()) expect(executed.get(id)).toBe(at)
  expect(executed.size).toBe(reference.reduce((sum, { receipts }) => sum + receipts.length, 0))
  expect(load.contradictions).toEqual([])
  expect(load.refused).toEqual([])
  for (const id of founders) {
    const organization = cluster.genesis.replicas[id]?.organization ?? ''
    const keys = JSON.parse(readFileSync(join(cluster.folder, organization, 'keys.json'), 'utf8'))
    expect(keys.erased, `keys of replica ${id}`).toBe(4)
    expect(await processes.evidence(id)).toEqual([])
  }
  process.stderr.write(`4 to 7 to 4: ${load.times.length} transactions, longest gap ${gap.toFixed(0)} ms\n`)
}, 120_000)
