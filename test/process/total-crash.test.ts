import { afterEach, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { Load, type Seen } from '../support/load.js'
import { eventually, Processes } from '../support/processes.js'

const ROUNDS = 20
const REPLICAS = [0, 1, 2, 3] as const
/** Receipts of a round that are asked for one by one, of every replica. */
const SAMPLE = 4

let processes: Processes
let load: Load | undefined

afterEach(async ({ task }) => {
  load?.stop()
  await processes?.close(task.result?.state === 'fail')
})

test('what a client saw final is there, the same everywhere, after kill -9 of all four at once, 20 times on the same data', async () => {
  const random = new Random(20)
  processes = await Processes.start(4, { config: { logLevel: 'warn' } })
  const { cluster } = processes
  const seen = new Map<string, Seen>()
  const heights: number[] = []
  let restartMs = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const before = Math.max(0, ...heights)
    load = new Load(cluster.genesis, targets(), 6)
    const { times } = load
    await eventually(() => times.length >= 1, `round ${round}: the first transaction`)
    const runMs = 100 + random.below(400)
    const began = performance.now()
    await eventually(() => performance.now() - began >= runMs && times.length >= 20, `round ${round}: transactions`)
    await cluster.stop('SIGKILL')
    load.stop()
    expect(load.refused).toEqual([])
    expect(load.contradictions).toEqual([])
    for (const receipt of load.seen.values()) seen.set(receipt.id, receipt)

    const started = performance.now()
    await cluster.start()
    const height = Math.max(...[...load.seen.values()].map((receipt) => receipt.height))
    await Promise.all(REPLICAS.map((id) => processes.reaches(id, height)))
    restartMs = Math.max(restartMs, performance.now() - started)
    expect(height).toBeGreaterThan(before)
    heights.push(height)
    await checkEverywhere([...load.seen.values()], random)
  }
  await checkChain(Math.max(...heights), [...seen.values()])
  for (const id of REPLICAS) {
    expect(await processes.status(id)).toMatchObject({ health: 'running' })
    expect(await processes.evidence(id)).toEqual([])
  }
  process.stderr.write(
    `total crash: ${ROUNDS} rounds, ${seen.size} transactions seen final, height ${Math.max(...heights)}, ` +
      `slowest restart to the height seen ${restartMs.toFixed(0)} ms\n`,
  )
}, 600_000)

function targets() {
  return processes.cluster.running().map(({ id, url }) => ({ url, identity: processes.identity(id) }))
}

/** The blocks of these receipts are the same on every replica; some receipts are read back one by one. */
async function checkEverywhere(receipts: readonly Seen[], random: Random): Promise<void> {
  const blocks = new Map(receipts.map(({ height, block }) => [height, block]))
  await Promise.all(
    REPLICAS.map(async (id) => {
      for (const [height, hash] of blocks) expect(await processes.block(id, height)).toMatchObject({ height, hash })
      const client = processes.client(id)
      for (let i = 0; i < SAMPLE; i++) {
        const wanted = random.pick(receipts)
        const { proven } = await client.receipt(wanted.id)
        expect(proven.sealed.hash).toBe(wanted.block)
        expect(proven.index).toBe(wanted.index)
        expect(toHex(proven.receiptBytes)).toBe(wanted.receipt)
      }
    }),
  )
}

/** Reads the whole chain of one replica: it is linked, and holds every receipt of every round at its place. */
async function checkChain(height: number, receipts: readonly Seen[]): Promise<void> {
  const places = new Map(receipts.map((receipt) => [receipt.id, receipt]))
  const tips = await Promise.all(REPLICAS.map((id) => processes.block(id, height)))
  expect(new Set(tips.map(({ hash }) => hash)).size).toBe(1)
  let previous: string | undefined
  for (let at = 1; at <= height; at++) {
    const block = await processes.block(at % 4, at)
    if (previous !== undefined) expect(block.previous).toBe(previous)
    previous = block.hash
    block.receipts.forEach(({ transaction }, index) => {
      const place = places.get(transaction)
      if (place === undefined) return
      expect(place).toMatchObject({ height: at, block: block.hash, index })
      places.delete(transaction)
    })
  }
  expect([...places.keys()]).toEqual([])
}
