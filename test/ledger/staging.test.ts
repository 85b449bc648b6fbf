import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { utf8 } from '../../src/base/bytes.js'
import { type LevelLedger, stateRootOf, verifyLedger } from '../../src/ledger/index.js'
import { StagedTree } from '../../src/ledger/staged-tree.js'
import type { NewBlock, StagedState, StateChange } from '../../src/ports.js'
import {
  appendBlocks,
  certificateOf,
  genesisChanges,
  memoryDatabase,
  nextBlock,
  nextRun,
  openWith,
  sha256,
  suite,
} from './support.js'

const put = (key: string, value: string | undefined): StateChange => ({
  key,
  value: value === undefined ? undefined : utf8(value),
})

/** Changes of a block that overlap with those of the blocks around it: some keys anew, some over, some away. */
const overlapping = (block: number): StateChange[] =>
  Array.from({ length: 60 }, (_, i) => {
    const key = `key/${(block * 23 + i * 7) % 150}`
    return put(key, (block + i) % 4 === 0 ? undefined : `${block} ${i}`)
  })

const NO_CACHE = { treeCacheBytesMax: 0 }

describe.each([
  ['with a cache', {}],
  ['without a cache', NO_CACHE],
])('a chain of staged states, %s,', (_, options) => {
  const open = (database = memoryDatabase()) => openWith({ database }, options)

  it('has the roots of blocks that are written one by one', async () => {
    const [one, other] = [await open(), await open()]
    const run = nextRun(
      one,
      Array.from({ length: 8 }, (_, i) => ({ changes: overlapping(i) })),
    )
    for (let i = 0; i < 8; i++) await appendBlocks(other, 1, { changes: overlapping(i) })
    expect(run.map(({ staged }) => staged.root)).toEqual(
      run.map(({ sealed }) => other.header(sealed.header.height)?.header.stateRoot),
    )
    await one.append(run)
    expect(one.tip().hash).toBe(other.tip().hash)
    expect(await all(one)).toEqual(await all(other))
  })

  it('writes the rows and pages that one block at a time would have left', async () => {
    const database = memoryDatabase()
    const ledger = await open(database)
    await ledger.append(
      nextRun(
        ledger,
        Array.from({ length: 12 }, (_, i) => ({ changes: overlapping(i) })),
      ),
    )
    expect((await verifyLedger({ database }, { suite })).problems).toEqual([])
  })

  it('is rolled back to any height, and another branch gets the right roots', async () => {
    const [one, other] = [await open(), await open()]
    const run = nextRun(
      one,
      Array.from({ length: 8 }, (_, i) => ({ changes: overlapping(i) })),
    )
    const kept = run.slice(0, 3)
    const branch = nextBlock(one, { changes: overlapping(30) }, kept.at(-1))
    const top = nextBlock(one, { changes: overlapping(31) }, branch)
    for (const i of [0, 1, 2, 30, 31]) await appendBlocks(other, 1, { changes: overlapping(i) })
    expect(top.staged.root).toBe(other.tip().header.stateRoot)
    // The branch that is given up still can be gone on with, and has its own roots.
    const more = nextBlock(one, { changes: overlapping(40) }, run.at(-1))
    await one.append([...kept, branch, top])
    expect(one.tip().hash).toBe(other.tip().hash)
    expect(more.staged.root).not.toBe(top.staged.root)
  })

  it('goes on while it is being written', async () => {
    const [one, other] = [await open(), await open()]
    for (let i = 0; i < 24; i++) await appendBlocks(other, 1, { changes: overlapping(i) })
    const content = (i: number) => ({ changes: overlapping(i) })
    let chain: NewBlock[] = []
    let next = 0
    const stageUpTo = (count: number) => {
      for (; next < count; next++) chain.push(nextBlock(one, content(next), chain.at(-1)))
    }
    stageUpTo(6)
    for (let written = 0; written < 24; written += 3) {
      const tip = one.tip()
      const [, , last] = chain
      let done = false
      const appended = one.append(chain.slice(0, 3)).then(() => {
        done = true
      })
      while (!done) {
        if (next < 24) stageUpTo(next + 1)
        expect([tip, last?.sealed]).toContain(one.tip())
        expect(() => one.prove('key/7')).not.toThrow()
        await Promise.resolve()
      }
      await appended
      stageUpTo(Math.min(24, written + 9))
      expect(one.tip()).toBe(last?.sealed)
      chain = chain.slice(3)
    }
    expect(one.tip().hash).toBe(other.tip().hash)
  })

  it('on a branch that the written state has left is refused, and on equal states it is not', async () => {
    const ledger = await open()
    const [one, two] = nextRun(ledger, [{ changes: overlapping(0) }, { changes: overlapping(1) }]) as [
      NewBlock,
      NewBlock,
    ]
    const other = nextBlock(ledger, { changes: overlapping(9) })
    // Whoever staged them: equal roots are equal states.
    const same = nextBlock(ledger, { changes: overlapping(0) })
    const onSame = nextBlock(ledger, { changes: overlapping(1) }, same)
    await ledger.append([{ ...one, certificate: certificateOf(one.sealed) }])
    expect(() => ledger.stage([], other.staged)).toThrow(AssertionFailed)
    expect(ledger.stage([], one.staged).root).toBe(one.sealed.header.stateRoot)
    expect(ledger.stage([put('x', '1')], two.staged).root).toBe(ledger.stage([put('x', '1')], onSame.staged).root)
    await ledger.append([onSame])
    expect(() => ledger.stage([], one.staged)).toThrow(AssertionFailed)
    expect(() => ledger.stage([], { root: two.staged.root })).toThrow(AssertionFailed)
  })
})

describe('whatever is staged, dropped and written in turn', () => {
  const key = fc.integer({ min: 0, max: 30 }).map((i) => `key/${i}`)
  const value = fc.option(fc.string({ maxLength: 2 }), { nil: undefined, freq: 3 })
  const changes = fc.array(
    fc.tuple(key, value).map(([name, text]) => put(name, text)),
    { maxLength: 12 },
  )
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('stage' as const), changes }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), to: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), count: fc.nat(9), wait: fc.boolean() }) },
  )

  it('has the root of its state', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, cached) => {
        const database = memoryDatabase()
        const ledger = await openWith({ database }, cached ? {} : NO_CACHE)
        let chain: { block: NewBlock; state: Map<string, Uint8Array> }[] = []
        let written = stateOf(new Map(), genesisChanges)
        let writing = Promise.resolve()
        /** Blocks of the chain that are being written: they are final and not dropped. */
        let fixed = 0
        for (const what of steps) {
          if (what.kind === 'stage') {
            const top = chain.at(-1)
            const state = stateOf(top?.state ?? written, what.changes)
            const block = nextBlock(ledger, { changes: what.changes }, top?.block)
            expect(block.staged.root).toBe(rootOf(state))
            chain.push({ block, state })
          } else if (what.kind === 'drop') chain = chain.slice(0, Math.max(fixed, what.to))
          else {
            await writing
            const run = chain.slice(0, what.count)
            const last = run.at(-1)
            if (last === undefined) continue
            fixed = run.length
            writing = ledger.append(run.map(({ block }) => block)).then(() => {
              chain = chain.slice(run.length)
              written = last.state
              fixed = 0
            })
            if (what.wait) await writing
          }
        }
        await writing
        expect((await verifyLedger({ database }, { suite })).problems).toEqual([])
        await ledger.close()
      }),
      { numRuns: 60 },
    ))

  function stateOf(before: ReadonlyMap<string, Uint8Array>, changes: readonly StateChange[]): Map<string, Uint8Array> {
    const state = new Map(before)
    for (const { key, value } of changes) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
    }
    return state
  }

  const rootOf = (state: ReadonlyMap<string, Uint8Array>) =>
    stateRootOf(
      sha256,
      [...state].map(([key, value]) => ({ key, value })),
    )
})

describe('the memory of staged states', () => {
  it('is cut off below what is written', async () => {
    const ledger = await openWith({ database: memoryDatabase() })
    const run = nextRun(ledger, [{}, {}, {}])
    const above = nextBlock(ledger, {}, run.at(-1))
    const tree = (block: NewBlock | undefined) => block?.staged as StagedTree
    expect(tree(run[2]).below).toBe(run[1]?.staged)
    await ledger.append(run)
    for (const block of run) expect([tree(block).below, tree(block).isReleased]).toEqual([undefined, true])
    expect(() => tree(run[0]).pages).toThrow(AssertionFailed)
    expect(nextBlock(ledger, {}, above).staged).toBeInstanceOf(StagedTree)
  })

  it('does not grow with the chain', async () => {
    const ledger = await openWith({ database: memoryDatabase() }, NO_CACHE)
    const refs: WeakRef<StagedState>[] = []
    const top = await grow(ledger, refs)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let i = 0; i < 5; i++) {
      await new Promise((done) => setImmediate(done))
      collect()
    }
    expect(refs.length).toBe(60)
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(9)
    expect(nextBlock(ledger, {}, top).sealed.header.height).toBe(61)
  })

  /** Writes block after block, with eight staged above the one that is written. */
  async function grow(ledger: LevelLedger, refs: WeakRef<StagedState>[]): Promise<NewBlock> {
    const ahead: NewBlock[] = []
    for (let i = 0; i < 60; i++) {
      const block = nextBlock(ledger, {}, ahead.at(-1))
      refs.push(new WeakRef(block.staged))
      ahead.push(block)
      if (ahead.length > 8) await ledger.append(ahead.splice(0, 1))
    }
    return ahead.at(-1) ?? expect.fail()
  }
})

describe('a snapshot of the state', () => {
  it('may be taken while a run is being written', async () => {
    const ledger = await openWith({ database: memoryDatabase() })
    await appendBlocks(ledger, 2)
    const appended = ledger.append(nextRun(ledger, [{}, {}]))
    const [one, other] = [ledger.snapshot(), ledger.snapshot()]
    await appended
    await one.close()
    expect(other.sealed.header.height).toBe(2)
    expect(ledger.staging.rootOf((await other.chunks()) ?? [])).toBe(other.sealed.header.stateRoot)
    await other.close()
  })
})

async function all(ledger: LevelLedger) {
  return (await ledger.list('', 10_000)).map(({ key, value }) => [key, Buffer.from(value).toString()])
}
