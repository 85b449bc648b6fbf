import { afterEach, describe, expect, it } from 'vitest'
import { nativeSuite } from '../../src/crypto/native.js'
import { CounterMap } from '../../src/node/counters.js'
import { systemClock } from '../../src/node/system-clock.js'
import type { Ledger } from '../../src/ports.js'
import { contextOf } from '../../src/replica/index.js'
import type { Ingress } from '../../src/replica/ingress.js'
import { LedgerCare } from '../../src/replica/ledger-care.js'
import type { Height } from '../../src/types/index.js'
import { appendBlocks, memoryDatabase, openWith } from '../ledger/support.js'
import { silent, testGenesis } from '../support/in-process.js'

/** Blocks of the ledger's tests are 1 ms apart, so that all but the window of consensus is old after a second. */
const genesis = testGenesis(4, { window: 2, dedupWindowMs: 1_000 })
const context = contextOf(genesis, genesis.replicas[0] ?? expect.fail(), nativeSuite)
const BLOCKS = 1_300

let ledger: Ledger
afterEach(() => ledger.close())

/** @param servedFrom first height that the snapshot served here needs; `undefined`: there is none */
async function careOf(
  retainBlocks: number | undefined,
  servedFrom: () => Height | undefined = () => BLOCKS,
): Promise<LedgerCare> {
  const opened = await openWith({ database: memoryDatabase() })
  await appendBlocks(opened, BLOCKS, { transactions: 1, changes: [] })
  ledger = opened
  const fatal = (error: unknown) => {
    throw error
  }
  const modules = { clock: systemClock, counters: new CounterMap(), logger: silent, ledger, fatal }
  return new LedgerCare(
    context,
    { ...modules, ingress: {} as Ingress, send: () => true, connected: () => [], servedFrom },
    retainBlocks === undefined ? {} : { retainBlocks },
  )
}

async function steps(care: LedgerCare, count: number, busy = false): Promise<Height> {
  for (let i = 0; i < count; i++) {
    care.tick(busy)
    await care.stop()
  }
  return ledger.oldest()
}

describe('pruning', () => {
  it('goes in small steps, down to what exactly-once needs', async () => {
    const care = await careOf(1)
    expect(await steps(care, 1)).toBe(33)
    // Heights 300 to 1300 are within the dedup window, and 4 more are kept for peers.
    expect(await steps(care, 40)).toBe(BLOCKS - 1_000 - 4)
  })

  it('leaves what the config retains, what a served snapshot needs, and without a word all', async () => {
    expect(await steps(await careOf(1_200), 40)).toBe(BLOCKS - 1_200 + 1)
    await ledger.close()
    expect(await steps(await careOf(1, () => 50), 40)).toBe(50)
    await ledger.close()
    expect(await steps(await careOf(undefined), 40)).toBe(1)
  })

  it('takes nothing before a snapshot stands for it: who joins must be able to begin somewhere', async () => {
    let servedFrom: Height | undefined
    const care = await careOf(1, () => servedFrom)
    expect(await steps(care, 4)).toBe(1)
    servedFrom = 90
    expect(await steps(care, 4)).toBe(90)
  })

  it('is put off while blocks wait, but not for ever', async () => {
    const care = await careOf(1)
    expect(await steps(care, 19, true)).toBe(1)
    expect(await steps(care, 1, true)).toBe(33)
    expect(await steps(care, 19, true)).toBe(33)
  })
})
