import { toHex } from '../base/bytes.js'
import { type ChunkRoot, encodeChunk, type StateChunk } from '../codec/snapshot.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { SnapshotStaging } from '../ports.js'
import type { Height } from '../types/index.js'
import { putRow } from './block-store.js'
import { chunkKey, heightKey, keyText, spaceRange } from './keyspaces.js'
import { readRow } from './rows.js'
import { foldChunks, openChunk } from './snapshot-tree.js'
import { clearSynced, type Database, SYNCED } from './storage.js'

export const chunkName = ({ path, slot }: ChunkRoot): string => `${path}:${toHex(slot)}`

/**
 * What was pulled of a snapshot so far, beside the ledger and without effect on it. Named by content, so that a chunk serves any
 * snapshot that has the same subtree; it survives a restart.
 */
export class PulledSnapshot implements SnapshotStaging {
  readonly #database: Database
  readonly #sha256: CryptoSuite['sha256']

  constructor(database: Database, sha256: CryptoSuite['sha256']) {
    this.#database = database
    this.#sha256 = sha256
  }

  rootOf(chunks: readonly ChunkRoot[]): string | undefined {
    const folded = foldChunks(this.#sha256, chunks)
    return folded && toHex(folded.root)
  }

  async missing(chunks: readonly ChunkRoot[]): Promise<readonly ChunkRoot[]> {
    const wanted = new Map(chunks.map((root) => [chunkName(root), root]))
    const stale = this.#database.batch()
    for await (const key of this.#database.keys(spaceRange('chunk'))) {
      if (!wanted.delete(keyText(key))) stale.del(key)
    }
    await stale.write(SYNCED)
    return [...wanted.values()]
  }

  async putChunk(root: ChunkRoot, chunk: StateChunk): Promise<boolean> {
    if (openChunk(this.#sha256, root, chunk) === undefined) return false
    await this.#put(chunkKey(chunkName(root)), encodeChunk(chunk))
    return true
  }

  async putBlock(height: Height, bytes: Uint8Array): Promise<void> {
    await this.#put(heightKey('pulled', height), bytes)
  }

  async #put(key: Buffer, payload: Uint8Array): Promise<void> {
    const batch = this.#database.batch()
    putRow(batch, key, payload)
    await batch.write(SYNCED)
  }

  block(height: Height): Uint8Array | undefined {
    return readRow(this.#database, heightKey('pulled', height))
  }

  async clear(): Promise<void> {
    await clearSynced(this.#database, spaceRange('chunk'))
    await clearSynced(this.#database, spaceRange('pulled'))
  }
}
