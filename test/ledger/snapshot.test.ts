import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import {
  type ChunkRoot,
  decodeChunk,
  decodeManifest,
  encodeChunk,
  encodeManifest,
  encodeWholeBlock,
  type SnapshotManifest,
  type StateChunk,
} from '../../src/codec/snapshot.js'
import { type Database, type LevelLedger, verifyLedger } from '../../src/ledger/index.js'
import { heightKey, metaKey, spaceRange, stateKey, treeKey } from '../../src/ledger/keyspaces.js'
import type { Height } from '../../src/types/index.js'
import { LIMITS } from '../../src/types/index.js'
import {
  appendBlocks,
  certificateOf,
  digestOf,
  memoryDatabase,
  nextBlock,
  openWith,
  sha256,
  suite,
  watched,
} from './support.js'

const KEYS = 3_000
const valueAt = (i: number): Uint8Array => utf8(`value ${i} `.repeat(120))

/** A ledger of a few blocks over a few thousand keys, whose state makes several chunks. */
async function source(): Promise<LevelLedger> {
  const ledger = await openWith({ database: memoryDatabase() })
  const changes = Array.from({ length: KEYS }, (_, i) => ({ key: `key/${i}`, value: valueAt(i) }))
  await appendBlocks(ledger, 1, { changes })
  await appendBlocks(ledger, 1, { changes: [{ key: 'key/7', value: undefined }] })
  await appendBlocks(ledger, 4)
  return ledger
}

async function manifestOf(ledger: LevelLedger): Promise<{ manifest: SnapshotManifest; chunks: StateChunk[] }> {
  const snapshot = ledger.snapshot()
  const roots = (await snapshot.chunks()) ?? expect.fail('too many chunks')
  const chunks: StateChunk[] = []
  for (const { path } of roots) chunks.push((await snapshot.chunk(path)) ?? expect.fail(`no chunk ${path}`))
  await snapshot.close()
  const { sealed } = snapshot
  return { manifest: { sealed, finality: certificateOf(sealed), chunks: roots, views: new Uint8Array() }, chunks }
}

/** Puts everything of a snapshot into another ledger's staging. */
async function pull(from: LevelLedger, to: LevelLedger, first: Height): Promise<SnapshotManifest> {
  const { manifest, chunks } = await manifestOf(from)
  for (const [i, chunk] of chunks.entries()) {
    expect(await to.staging.putChunk(manifest.chunks[i] as ChunkRoot, chunk)).toBe(true)
  }
  for (let height = first; height <= manifest.sealed.header.height; height++) {
    await to.staging.putBlock(height, encodeWholeBlock(from.whole(height) ?? expect.fail()))
  }
  return manifest
}

const problemsOf = async (database: Database) => (await verifyLedger({ database }, { suite })).problems

describe('a snapshot', () => {
  it('is split into chunks within the bound that fold up to the state root', async () => {
    const ledger = await source()
    const { manifest, chunks } = await manifestOf(ledger)
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(KEYS - 1 + 1 + 4)
    for (const chunk of chunks) expect(encodeChunk(chunk).length).toBeLessThan(1.1 * LIMITS.snapshotChunkBytesMax)
    expect(ledger.staging.rootOf(manifest.chunks)).toBe(manifest.sealed.header.stateRoot)
    expect(decodeManifest(sha256, encodeManifest(manifest))).toMatchObject({ chunks: { length: chunks.length } })
  })

  it('shows the state as it was, while blocks go on', async () => {
    const ledger = await source()
    const snapshot = ledger.snapshot()
    await appendBlocks(ledger, 2, { changes: [{ key: 'key/1', value: utf8('later') }] })
    const roots = (await snapshot.chunks()) ?? []
    expect(ledger.staging.rootOf(roots)).toBe(snapshot.sealed.header.stateRoot)
    await snapshot.close()
  })

  it('of one key and of none is served too', async () => {
    for (const count of [0, 1, 2]) {
      const ledger = await openWith({ database: memoryDatabase() })
      const keys = ['network/name', 'a', 'b'].slice(0, count).map((key) => ({ key, value: utf8(key) }))
      await appendBlocks(ledger, 1, { changes: [{ key: 'network/name', value: undefined }, ...keys] })
      const target = await openWith({ database: memoryDatabase() })
      await target.install(await pull(ledger, target, 1), 1)
      expect(target.prove('a').value?.length).toBe(count > 1 ? 1 : undefined)
      await appendBlocks(target, 1)
    }
  })
})

describe('a lie', () => {
  it('in a manifest does not make up the state root', async () => {
    const ledger = await source()
    const { manifest } = await manifestOf(ledger)
    const bytes = encodeManifest(manifest)
    const { stateRoot } = manifest.sealed.header
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        const decoded = decodeManifest(sha256, changed)
        if (decoded === undefined || decoded.sealed.hash !== manifest.sealed.hash) return
        const same = JSON.stringify(decoded.chunks) === JSON.stringify(manifest.chunks)
        expect(ledger.staging.rootOf(decoded.chunks) === stateRoot).toBe(same)
      }),
      { numRuns: 300 },
    )
    for (let i = 0; i < manifest.chunks.length; i++) {
      expect(ledger.staging.rootOf(manifest.chunks.toSpliced(i, 1))).not.toBe(stateRoot)
    }
  })

  it('in a chunk is found before anything of it is kept', async () => {
    const ledger = await source()
    const target = await openWith({ database: memoryDatabase() })
    const { manifest, chunks } = await manifestOf(ledger)
    const root = manifest.chunks[1] ?? expect.fail()
    const bytes = encodeChunk(chunks[1] ?? expect.fail())
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        const chunk = decodeChunk(changed)
        if (chunk === undefined || toHex(encodeChunk(chunk)) === toHex(bytes)) return
        expect(await target.staging.putChunk(root, chunk)).toBe(false)
      }),
      { numRuns: 40 },
    )
    const [one, other] = [chunks[0] ?? expect.fail(), chunks[1] ?? expect.fail()]
    const lies: StateChunk[] = [
      { ...other, rows: other.rows.slice(1) },
      { ...other, rows: [...other.rows, ...one.rows.slice(0, 1)] },
      { ...other, rows: [...other.rows, ...other.rows.slice(0, 1)] },
      { ...other, rows: [...other.rows, { key: '', value: utf8('x') }] },
      { ...other, rows: [...other.rows, { key: 'k'.repeat(513), value: utf8('x') }] },
      { path: other.path, rows: one.rows },
      { path: one.path, rows: other.rows },
      { path: other.path, rows: [] },
    ]
    for (const lie of lies) expect(await target.staging.putChunk(root, lie)).toBe(false)
    expect(await target.staging.missing(manifest.chunks)).toHaveLength(chunks.length)
    expect(await target.staging.putChunk(root, other)).toBe(true)
    expect(await target.staging.missing(manifest.chunks)).toHaveLength(chunks.length - 1)
  })

  it('in the form of a manifest is refused', async () => {
    const { manifest } = await manifestOf(await source())
    const slot = new Uint8Array(32)
    const forms: ChunkRoot[][] = [
      [
        { path: 'b', slot },
        { path: 'a', slot },
      ],
      [
        { path: 'a', slot },
        { path: 'a', slot },
      ],
      [
        { path: 'a', slot },
        { path: 'ab', slot },
      ],
      [{ path: 'g', slot }],
      [{ path: 'a', slot: new Uint8Array(33) }],
    ]
    for (const chunks of forms) {
      expect(decodeManifest(sha256, encodeManifest({ ...manifest, chunks }))).toBeUndefined()
    }
    const ledger = await openWith({ database: memoryDatabase() })
    const chains = Array.from({ length: 200 }, (_, i) => ({ path: toHex(sha256(utf8(`${i}`))), slot })).sort((a, b) =>
      a.path < b.path ? -1 : 1,
    )
    expect(ledger.staging.rootOf(chains)).toBeUndefined()
  })
})

describe('an installed snapshot', () => {
  it('is bit for bit the ledger that it comes from', async () => {
    const ledger = await source()
    const database = memoryDatabase()
    const target = await openWith({ database })
    await appendBlocks(target, 1, { changes: [{ key: 'other', value: utf8('gone') }] })
    const manifest = await pull(ledger, target, 4)
    await target.install(manifest, 4)
    expect(target.tip().hash).toBe(ledger.tip().hash)
    expect(target.oldest()).toBe(4)
    expect(target.get('other')).toBeUndefined()
    expect([target.header(3), target.receipts(3), target.record(3)]).toEqual([undefined, undefined, undefined])
    expect(target.locate(digestOf('transaction 5 1'))).toEqual({ height: 5, index: 1 })
    expect(target.locate(digestOf('transaction 1 1'))).toBeUndefined()
    const change = { changes: [{ key: 'key/11', value: utf8('after') }] }
    expect(nextBlock(target, change).sealed.hash).toBe(nextBlock(ledger, change).sealed.hash)
    await appendBlocks(target, 2, change)
    expect(await problemsOf(database)).toEqual([])
    await target.close()
    const again = await openWith({ database })
    expect([again.oldest(), again.tip().header.height]).toEqual([4, 8])
    expect(await database.keys(spaceRange('chunk')).all()).toEqual([])
  })

  it('pulls nothing again that a newer snapshot has unchanged', async () => {
    const ledger = await source()
    const target = await openWith({ database: memoryDatabase() })
    await pull(ledger, target, 6)
    await appendBlocks(ledger, 1, { changes: [{ key: 'key/5', value: utf8('new') }] })
    const { manifest } = await manifestOf(ledger)
    const missing = await target.staging.missing(manifest.chunks)
    expect(missing).toHaveLength(1)
  })

  it('is there whole or not at all, wherever a crash comes', async () => {
    const before = memoryDatabase()
    const prepared = await openWith({ database: before })
    await appendBlocks(prepared, 1, { changes: [{ key: 'other', value: utf8('mine') }] })
    const manifest = await pull(await source(), prepared, 4)
    await prepared.close()
    let crashes = 0
    for (let writes = 0; ; writes++) {
      const database = await copyOf(before)
      const crashing = await openWith({ database: crashingAfter(database, writes) })
      const done = await crashing.install(manifest, 4).then(
        () => true,
        () => false,
      )
      await crashing.close()
      const after = await openWith({ database })
      const tip = after.tip().header.height
      expect(tip === 1 || tip === 6).toBe(true)
      expect(after.get('other') === undefined).toBe(tip === 6)
      expect(await problemsOf(database)).toEqual([])
      await after.close()
      if (done) break
      crashes += 1
    }
    expect(crashes).toBeGreaterThan(10)
  }, 60_000)

  it('is not believed when what was pulled was damaged meanwhile', async () => {
    const ledger = await source()
    const database = memoryDatabase()
    const target = await openWith({ database })
    const manifest = await pull(ledger, target, 4)
    const [key, value] = (await database.iterator(spaceRange('chunk')).all())[0] ?? expect.fail()
    value[9] = (value[9] ?? 0) ^ 1
    await database.put(key, value)
    await expect(target.install(manifest, 4)).rejects.toMatchObject({ code: 'ledger/write-failed' })
  })
})

async function copyOf(database: Database): Promise<Database> {
  await database.open()
  const copy = memoryDatabase()
  await copy.open()
  for await (const [key, value] of database.iterator()) await copy.put(key, value)
  return copy
}

/** The database, whose writes fail from a given one on, as of a process that dies. */
function crashingAfter(database: Database, writes: number): Database {
  let left = writes
  return watched(database, () => {
    left -= 1
    if (left < 0) throw new Error('crash')
  })
}

describe('pruning', () => {
  it('takes bodies and leaves headers and certificates, and the ledger verifies', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 9)
    await ledger.prune(5)
    expect(ledger.oldest()).toBe(5)
    expect(ledger.header(4)?.header.height).toBe(4)
    expect(ledger.finality(4)).toEqual({ headers: [], certificate: ledger.certificate(4) })
    expect(ledger.certificate(4)?.cid).toBe(4)
    expect([ledger.record(4), ledger.receipts(4), ledger.locate(digestOf('transaction 4 0'))]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(ledger.locate(digestOf('transaction 5 0'))).toEqual({ height: 5, index: 0 })
    const report = await verifyLedger({ database }, { suite })
    expect(report).toMatchObject({ oldest: 5, blocks: 9, transactions: 15, problems: [] })
    await ledger.close()
    const again = await openWith({ database })
    expect(again.oldest()).toBe(5)
    await again.prune(9)
    expect(await problemsOf(database)).toEqual([])
    await expect(again.prune(10)).rejects.toThrow('would take the tip')
  })

  it('that is hidden is found: a block missing above the oldest one', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 9)
    await ledger.prune(5)
    await database.del(heightKey('body', 6))
    expect(await problemsOf(database)).toMatchObject([{ code: 'ledger/corrupt', height: 6 }])
  })
})

describe('the scrub', () => {
  async function damageOf(database: Database, ledger: LevelLedger) {
    await database.open()
    const damage = []
    for (let wrapped = false; !wrapped; ) {
      const step = await ledger.scrub(50)
      damage.push(...step.damage)
      wrapped = step.wrapped
    }
    return damage
  }

  it('finds nothing in an intact ledger, pruned or from a snapshot', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 9)
    expect(await damageOf(database, ledger)).toEqual([])
    await ledger.prune(5)
    expect(await damageOf(database, ledger)).toEqual([])
    const other = memoryDatabase()
    const target = await openWith({ database: other })
    await target.install(await pull(ledger, target, 7), 7)
    expect(await damageOf(other, target)).toEqual([])
  })

  const rows = {
    header: heightKey('header', 3),
    body: heightKey('body', 3),
    receipts: heightKey('receipts', 3),
    certificate: heightKey('certificate', 3),
    state: stateKey('height/3'),
    tree: treeKey(''),
    meta: metaKey('tip'),
  }
  it.each(Object.entries(rows))('finds a flipped bit of a %s row', async (space, key) => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 9)
    const value = (await database.get(key)) ?? expect.fail()
    await database.put(key, value.with(2, (value[2] ?? 0) ^ 4) as Buffer)
    const damage = await damageOf(database, ledger)
    expect(damage.length).toBeGreaterThan(0)
    const ofBlock = ['header', 'body', 'receipts', 'certificate'].includes(space)
    if (ofBlock) expect(damage.some(({ height }) => height === 3)).toBe(true)
    else expect(damage.some(({ height }) => height === undefined)).toBe(true)
  })

  it('finds a row that is intact but of another time', async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 1, { changes: [{ key: 'k', value: utf8('old') }] })
    const old = (await database.get(stateKey('k'))) ?? expect.fail()
    await appendBlocks(ledger, 1, { changes: [{ key: 'k', value: utf8('new') }] })
    await database.put(stateKey('k'), old)
    expect(await damageOf(database, ledger)).toMatchObject([{ detail: expect.stringContaining('state row "k"') }])
  })

  it("finds a header that its successor does not name, and the peers' block mends it", async () => {
    const database = memoryDatabase()
    const ledger = await openWith({ database })
    await appendBlocks(ledger, 600, { transactions: 1 })
    const block = ledger.whole(3) ?? expect.fail()
    const key = heightKey('header', 3)
    await database.put(key, Buffer.from('rot'))
    expect(await damageOf(database, ledger)).toContainEqual({ height: 3, detail: expect.any(String) })
    expect(ledger.expectedHash(3)).toBe(block.record.sealed.hash)
    await ledger.repair(3, block)
    expect(await damageOf(database, ledger)).toEqual([])
    expect(await problemsOf(database)).toEqual([])
  })
})
