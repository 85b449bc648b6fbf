import { toHex } from '../base/bytes.js'
import { decodeReceipt } from '../codec/block.js'
import {
  decodeChunk,
  decodeManifest,
  decodeWholeBlock,
  encodeManifest,
  type SnapshotManifest,
} from '../codec/snapshot.js'
import { stateKeyHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Height } from '../types/index.js'
import { BlockStore, putRow } from './block-store.js'
import { corrupt } from './corrupt.js'
import {
  chunkKey,
  heightKey,
  heightRange,
  metaKey,
  readHeight,
  spaceRange,
  stateHashKey,
  stateKey,
  treeKey,
  writeHeight,
} from './keyspaces.js'
import { chunkName, PulledSnapshot } from './pulled-snapshot.js'
import { readRow } from './rows.js'
import { foldChunks, openChunk } from './snapshot-tree.js'
import { clearSynced, type Database, SYNCED, type WriteBatch } from './storage.js'

type Sha256 = CryptoSuite['sha256']

/** Key spaces by height that belong to the chain. */
export const BLOCK_SPACES = ['header', 'body', 'receipts', 'certificate'] as const

/** A snapshot all of whose parts were pulled and checked. */
export interface Installation {
  readonly manifest: SnapshotManifest
  /** First height of the blocks that come with it. */
  readonly first: Height
}

/**
 * Puts a pulled snapshot in the place of the state, and its blocks in the place of the chain. A mark stands while this lasts: a
 * crash leaves the mark and all that was pulled, and the next opening does it again from the beginning.
 */
export async function installSnapshot(database: Database, sha256: Sha256, plan: Installation): Promise<void> {
  const batch = database.batch()
  putRow(batch, metaKey('install'), encodePlan(plan))
  await batch.write(SYNCED)
  await replaceState(database, sha256, plan)
  await replaceBlocks(database, sha256, plan)
  await switchTo(database, sha256, plan)
  await new PulledSnapshot(database, sha256).clear()
}

/** An installation that a crash interrupted; `undefined` when there is none. */
export function interruptedInstallation(database: Database, sha256: Sha256): Installation | undefined {
  const row = readRow(database, metaKey('install'))
  if (row === undefined) return undefined
  const manifest = row.length < 8 ? undefined : decodeManifest(sha256, row.subarray(8))
  if (manifest === undefined) throw corrupt('the meta row "install" is malformed.')
  return { manifest, first: readHeight(row, 0) }
}

function encodePlan({ manifest, first }: Installation): Buffer {
  const height = Buffer.allocUnsafe(8)
  writeHeight(height, first, 0)
  return Buffer.concat([height, encodeManifest(manifest)])
}

async function replaceState(database: Database, sha256: Sha256, { manifest }: Installation): Promise<void> {
  for (const space of ['state', 'stateHash', 'tree'] as const) await clearSynced(database, spaceRange(space))
  const folded = foldChunks(sha256, manifest.chunks)
  if (folded === undefined || toHex(folded.root) !== manifest.sealed.header.stateRoot) {
    throw corrupt('the chunks of the snapshot under installation do not make up its state root.')
  }
  for (const root of manifest.chunks) {
    const row = readRow(database, chunkKey(chunkName(root)))
    const chunk = row && decodeChunk(row)
    const opened = chunk && openChunk(sha256, root, chunk)
    if (chunk === undefined || opened === undefined) throw corrupt(`chunk ${root.path} of the snapshot is lost.`)
    const batch = database.batch()
    for (const { key, value } of chunk.rows) {
      putRow(batch, stateKey(key), value)
      putRow(batch, stateHashKey(stateKeyHash(sha256, key)), Buffer.from(key))
    }
    for (const [path, page] of opened.pages) putRow(batch, treeKey(path), page.encode())
    await batch.write(SYNCED)
  }
  const batch = database.batch()
  for (const [path, page] of folded.pages) putRow(batch, treeKey(path), page.encode())
  await batch.write(SYNCED)
}

async function replaceBlocks(database: Database, sha256: Sha256, { manifest, first }: Installation): Promise<void> {
  const { height: last } = manifest.sealed.header
  for (const space of BLOCK_SPACES) await clearSynced(database, heightRange(space, 1, last + 1))
  await clearSynced(database, spaceRange('transaction'))
  for (let height = first; height <= last; height++) {
    const batch = database.batch()
    putPulled(database, sha256, batch, height)
    await batch.write(SYNCED)
  }
}

function putPulled(database: Database, sha256: Sha256, batch: WriteBatch, height: Height): void {
  const row = readRow(database, heightKey('pulled', height))
  const block = row && decodeWholeBlock(sha256, row)
  if (block === undefined) throw corrupt(`block ${height} of the snapshot is lost.`)
  const { record, receipts } = block
  const transactions = receipts.map((bytes) => decodeReceipt(bytes)?.transaction ?? '')
  new BlockStore(database, sha256).putBlockRows(batch, { ...record, transactions, receipts })
}

/** From this write on the ledger is that of the snapshot. */
async function switchTo(database: Database, sha256: Sha256, { manifest, first }: Installation): Promise<void> {
  const blocks = new BlockStore(database, sha256)
  const batch = database.batch()
  blocks.putTip(batch, manifest.sealed)
  blocks.putCertificate(batch, manifest.finality)
  blocks.putOldest(batch, { block: first, header: first })
  putRow(batch, metaKey('views'), manifest.views)
  batch.del(metaKey('install'))
  await batch.write(SYNCED)
}
