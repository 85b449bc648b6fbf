import { copyFile, cp, readdir, stat, truncate } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { encodeWholeBlock } from '../../src/codec/snapshot.js'
import { type Database, type LevelLedger, verifyLedger } from '../../src/ledger/index.js'
import { describeKey, heightKey, metaKey } from '../../src/ledger/keyspaces.js'
import type { NewBlock } from '../../src/ports.js'
import { LIMITS } from '../../src/types/index.js'
import {
  type AskedWrite,
  appendBlocks,
  type BlockContent,
  certificateOf,
  digestOf,
  inFolder,
  memoryDatabase,
  nextRun,
  openWith,
  suite,
  watched,
} from './support.js'

const problemsOf = async (database: Database) => (await verifyLedger({ database }, { suite })).problems

const contents = (count: number): BlockContent[] => Array.from({ length: count }, () => ({}))

function expectNothingOf(ledger: LevelLedger, run: readonly NewBlock[]): void {
  for (const { sealed, transactions } of run) {
    const { height } = sealed.header
    expect([ledger.header(height), ledger.receipts(height), ledger.record(height)]).toEqual([...Array(3)])
    expect([ledger.certificate(height), ledger.finality(height)]).toEqual([undefined, undefined])
    expect(ledger.get(`height/${height}`)).toBeUndefined()
    expect(ledger.locate(transactions[0] ?? '')).toBeUndefined()
  }
}

describe('a run of blocks', () => {
  it('is one write', async () => {
    const writes: AskedWrite[] = []
    const ledger = await openWith({ database: watched(memoryDatabase(), (write) => writes.push(write)) })
    writes.length = 0
    await ledger.append(nextRun(ledger, contents(20)))
    expect(writes).toEqual([{ by: 'chained batch', sync: true }])
    expect(ledger.tip().header.height).toBe(20)
  })

  it('is not there when its write fails, neither now nor after the next start', async () => {
    const database = memoryDatabase()
    let fails = false
    const ledger = await openWith({
      database: watched(database, () => {
        if (fails) throw new Error('EIO')
      }),
    })
    const below = await appendBlocks(ledger, 2)
    const run = nextRun(ledger, contents(5))
    fails = true
    await expect(ledger.append(run)).rejects.toMatchObject({ code: 'ledger/write-failed' })
    expect(ledger.tip().hash).toBe(below[1]?.sealed.hash)
    expectNothingOf(ledger, run)
    await ledger.close()
    const again = await openWith({ database })
    expect(again.tip().hash).toBe(below[1]?.sealed.hash)
    expectNothingOf(again, run)
    expect(await problemsOf(database)).toEqual([])
  })

  it('is whole or absent, wherever the file of LevelDB breaks off', () =>
    inFolder(async (folder) => {
      const path = `${folder}/ledger`
      const ledger = await openWith({ path })
      await appendBlocks(ledger, 2)
      const run = nextRun(ledger, contents(4))
      const log = (await readdir(path)).find((name) => name.endsWith('.log')) ?? expect.fail()
      const { size: before } = await stat(`${path}/${log}`)
      await ledger.append(run)
      const { size: after } = await stat(`${path}/${log}`)
      expect(after).toBeGreaterThan(before + 1_000)
      await cp(path, `${folder}/whole`, { recursive: true })
      await ledger.close()
      for (let cut = 0; cut <= 8; cut++) {
        const left = `${folder}/cut-${cut}`
        await cp(`${folder}/whole`, left, { recursive: true })
        await copyFile(`${folder}/whole/${log}`, `${left}/${log}`)
        await truncate(`${left}/${log}`, Math.floor(before + ((after - before) * cut) / 8))
        const again = await openWith({ path: left })
        expect(again.tip().header.height).toBe(cut === 8 ? 6 : 2)
        if (cut < 8) expectNothingOf(again, run)
        await again.close()
        expect((await verifyLedger({ path: left }, { suite })).problems).toEqual([])
      }
    }))

  it('shows nothing of itself while it is being written', async () => {
    const ledger = await openWith({ database: memoryDatabase() })
    await appendBlocks(ledger, 1)
    const run = nextRun(ledger, contents(3))
    const appended = ledger.append(run)
    expectNothingOf(ledger, run)
    await appended
    expect(ledger.finality(2)?.certificate.cid).toBe(4)
  })
})

describe('every write', () => {
  it('is synced, whatever a ledger lives through', async () => {
    const writes: AskedWrite[] = []
    const watch = (database: Database) => watched(database, (write) => writes.push(write))
    const [database, other] = [memoryDatabase(), memoryDatabase()]
    const ledger = await openWith({ database: watch(database) })
    await appendBlocks(ledger, 3)
    await ledger.append(nextRun(ledger, contents(5)))
    await ledger.prune(4)
    await ledger.repair(5, ledger.whole(5) ?? expect.fail())
    const target = await openWith({ database: watch(other) })
    await appendBlocks(target, 1, { changes: [{ key: 'other', value: new Uint8Array(1) }] })
    await pull(ledger, target)
    await target.close()
    // An installation that a crash interrupted is finished by the next start.
    const again = await openWith({ database: watch(other) })
    await appendBlocks(again, 1)
    await again.staging.clear()
    expect(again.tip().header.height).toBe(9)
    expect(writes.length).toBeGreaterThan(20)
    expect(writes.filter(({ by, sync }) => !sync || by !== 'chained batch')).toEqual([])
  })

  async function pull(from: LevelLedger, to: LevelLedger): Promise<void> {
    const snapshot = from.snapshot()
    const { sealed } = snapshot
    const chunks = (await snapshot.chunks()) ?? []
    const [first = expect.fail()] = chunks
    await to.staging.putChunk(first, (await snapshot.chunk(first.path)) ?? expect.fail())
    expect(await to.staging.missing([])).toEqual([])
    for (const root of chunks) await to.staging.putChunk(root, (await snapshot.chunk(root.path)) ?? expect.fail())
    for (let height = 6; height <= sealed.header.height; height++) {
      await to.staging.putBlock(height, encodeWholeBlock(from.whole(height) ?? expect.fail()))
    }
    await to.install({ sealed, finality: certificateOf(sealed), chunks, views: new Uint8Array() }, 6)
    await snapshot.close()
  }
})

describe('the proof of a height', () => {
  it('is the certificate of one far above, at most a window', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await ledger.append(nextRun(ledger, contents(LIMITS.windowMax + 1)))
    const proof = ledger.finality(1) ?? expect.fail()
    expect(proof.headers.map(({ header }) => header.height)).toEqual(
      Array.from({ length: LIMITS.windowMax }, (_, i) => i + 2),
    )
    expect(proof.certificate).toEqual(ledger.certificate(LIMITS.windowMax + 1))
    expect(await problemsOf(database)).toEqual([])
  })

  it('is missed by verification where no certificate is near enough', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await ledger.append(nextRun(ledger, contents(LIMITS.windowMax + 3)))
    expect(await problemsOf(database)).toEqual(
      [1, 2].map((height) => ({ code: 'ledger/wrong-certificate', height, detail: 'no certificate covers it' })),
    )
    expect(() => ledger.finality(2)).toThrow('certificate row at height 2 is missing')
    expect(ledger.finality(3)?.headers).toHaveLength(LIMITS.windowMax)
    const damage = await scrubbed(ledger)
    expect(damage.map(({ height }) => height)).toEqual([1, 2])
  })

  it('is missed where the certificate does not hold, and at the end of a view', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    const view = digestOf('the next view')
    await ledger.append(nextRun(ledger, [{}, { view, certified: true }, {}, { certified: true }, {}]))
    const checkCertificate = ({ cid }: { cid: number }) => (cid === 4 ? 'no quorum' : undefined)
    const report = await verifyLedger({ database }, { suite, checkCertificate })
    expect(report.problems).toEqual([{ code: 'ledger/wrong-certificate', height: 4, detail: 'no quorum' }])
    await database.del(heightKey('certificate', 2))
    expect((await problemsOf(database)).map(({ height }) => height)).toEqual([1, 2])
    expect((await scrubbed(ledger)).map(({ height }) => height)).toEqual([1, 2])
  })

  it('of the tip is its own: a ledger without it is not opened', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await ledger.append(nextRun(ledger, contents(4)))
    await ledger.close()
    await database.open()
    const key = heightKey('certificate', 4)
    const row = (await database.get(key)) ?? expect.fail()
    await database.del(key)
    await expect(openWith({ database })).rejects.toMatchObject({
      code: 'ledger/corrupt',
      message: expect.stringContaining('certificate row at height 4'),
    })
    await database.open()
    expect((await problemsOf(database)).map(({ height }) => height)).toEqual([1, 2, 3, 4])
    await database.put(key, row)
    expect((await openWith({ database })).tip().header.height).toBe(4)
  })

  it('stays when blocks are pruned', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await ledger.append(nextRun(ledger, contents(4)))
    await ledger.append(nextRun(ledger, contents(4)))
    await ledger.prune(7)
    expect(ledger.finality(2)?.certificate.cid).toBe(4)
    expect(await problemsOf(database)).toEqual([])
    const kept = (await database.keys().all()).map(describeKey).filter(({ space }) => space === 'certificate')
    expect(kept.map(({ height }) => height)).toEqual([4, 8])
    expect(await database.get(metaKey('oldest'))).toBeDefined()
  })

  async function scrubbed(ledger: LevelLedger) {
    const damage = []
    for (let wrapped = false; !wrapped; ) {
      const step = await ledger.scrub(500)
      damage.push(...step.damage)
      wrapped = step.wrapped
    }
    return damage
  }
})
