import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InProcessNetwork, until } from '../support/in-process.js'

/** Who may vote after a restart (consensus.md, rules D3 and D4). */

const WINDOW = 4
let network: InProcessNetwork

beforeEach(async () => {
  network = new InProcessNetwork(4, {}, { window: WINDOW })
  await Promise.all(network.replicas.map((_, id) => network.start(id)))
})

afterEach(async () => {
  await network.close()
})

const ALL = [0, 1, 2, 3] as const
const status = (id: number) => network.get(id).replica.status()
const tip = (id: number) => network.get(id).ledger.tip().header.height

async function append(id = 0): Promise<void> {
  expect(await network.append(id, `entry at ${tip(id)}`)).toMatchObject({ kind: 'final' })
}

async function isLevel(): Promise<void> {
  const height = Math.max(...ALL.map((id) => status(id).finalized))
  await until(() => ALL.every((id) => tip(id) >= height), 'all are level')
  expect(new Set(ALL.map((id) => network.get(id).ledger.header(height)?.hash)).size).toBe(1)
  for (const id of ALL) expect(network.get(id).replica.evidence()).toEqual([])
}

describe('a replica that stopped in order', () => {
  it('votes on at once in the same regency', async () => {
    await append()
    await network.stop(3)
    await network.start(3)
    expect(status(3)).not.toHaveProperty('silent')
    await network.stop(2)
    // Three of four are needed.
    await append()
    expect(status(0).regency).toBe(1)
  })

  it('hands its regency over when it leads: nobody waits for a timeout', async () => {
    await network.close()
    const never = 1_000_000
    network = new InProcessNetwork(4, { turnMs: never, finishMs: never }, { window: WINDOW })
    network.logSyncDelayMs = 50
    await Promise.all(ALL.map((id) => network.start(id)))
    await append()
    await network.stop(1)
    await until(() => [0, 2, 3].every((id) => status(id).regency === 2), 'the next leader')
    await append()
  })

  it('is barred after the next crash: the mark holds for one start', async () => {
    await append()
    await network.stop(3)
    await network.start(3)
    await append(3)
    await until(() => tip(3) >= 2, 'it has voted')
    await network.crash(3)
    await network.start(3)
    expect(status(3).silent).toBe('barred')
  })

  it('costs the network no block when all do so in turn', async () => {
    for (const id of ALL) {
      await network.stop(id)
      await append((id + 1) % 4)
      await network.start(id)
      await until(() => network.get(id).replica.status().finalized >= tip((id + 1) % 4), 'it catches up')
    }
    await append()
    await isLevel()
  }, 30_000)
})

describe('a replica that lost power', () => {
  it('is barred in its regency, and is helped over it by empty blocks in an idle network', async () => {
    await append()
    await network.crash(3)
    const at = tip(0)
    await network.start(3)
    expect(status(3).silent).toBe('barred')
    await until(() => status(3).silent === undefined, 'it votes again')
    expect(status(3).regency).toBe(1)
    // It is told by the certificate; a moment later it has executed that height, too.
    await until(() => status(3).finalized > at + 2 * WINDOW && tip(0) > at + 2 * WINDOW, 'all below to be final')
    const barred = Array.from({ length: 2 * WINDOW }, (_, i) => network.get(0).ledger.certificate(at + 1 + i))
    const signers = barred.flatMap((certificate) => certificate?.signatures ?? []).map(({ replica }) => replica)
    expect(new Set(signers)).toEqual(new Set([0, 1, 2]))
    await network.stop(2)
    await append()
  })

  it('votes in the next regency when the others are too few without it', async () => {
    await append()
    await Promise.all([network.crash(2), network.crash(3)])
    const waits = network.append(0, 'needs one of them')
    await network.start(2)
    await network.start(3)
    expect([2, 3].map((id) => status(id).silent)).toEqual(['barred', 'barred'])
    const t = setInterval(() => {
      for (const id of ALL)
        console.log(
          id,
          JSON.stringify(status(id)),
          JSON.stringify(
            [...network.get(id).counters.entries()].filter(([n]) => /rej|regency|frames.(inst|env)|sign/.test(n)),
          ),
        )
    }, 6000)
    expect(await waits.finally(() => clearInterval(t))).toMatchObject({ kind: 'final' })
    expect(status(0).regency).toBeGreaterThan(1)
    await until(() => ALL.every((id) => status(id).silent === undefined), 'all vote')
    await isLevel()
  })

  it('together with all others, in the midst of work, loses nothing that was final', async () => {
    const acknowledged: { readonly id: string; readonly height: number }[] = []
    for (let round = 0; round < 3; round++) {
      const work = Array.from({ length: 12 }, (_, i) => network.append(i % 4, `round ${round}, entry ${i}`))
      await Promise.race(work)
      await Promise.all(ALL.map((id) => network.crash(id)))
      for (const outcome of await Promise.all(work)) {
        if (outcome.kind !== 'final') continue
        const { sealed, transactions } = outcome.block
        acknowledged.push({ id: transactions[outcome.index] ?? '', height: sealed.header.height })
      }
      await Promise.all(ALL.map((id) => network.start(id)))
      await append(round)
    }
    expect(acknowledged.length).toBeGreaterThan(0)
    await isLevel()
    for (const { id, height } of acknowledged) {
      for (const replica of ALL) expect(network.get(replica).ledger.locate(id)?.height).toBe(height)
    }
  }, 30_000)
})
