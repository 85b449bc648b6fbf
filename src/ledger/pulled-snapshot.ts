import { toHex } from '../base/bytes.js'
import { type ChunkRoot, encodeChunk, type StateChunk } from '../codec/snapshot.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { SnapshotStaging } from '../ports.js'
import type { Height } from '../types/index.js'
import { chunkKey, heightKey, keyText, spaceRange } from './keyspaces.js'
import { readRow, sealRow } from './rows.js'
import { foldChunks, openChunk } from './snapshot-tree.js'
import type { Database } from './storage.js'

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
    const stale: Buffer[] = []
    for await (const key of this.#database.keys(spaceRange('chunk'))) {
      if (!wanted.delete(keyText(key))) stale.push(key)
    }
    await this.#database.batch(stale.map((key) => ({ type: 'del', key })))
    return [...wanted.values()]
  }

  async putChunk(root: ChunkRoot, chunk: StateChunk): Promise<boolean> {
    if (openChunk(this.#sha256, root, chunk) === undefined) return false
    const key = chunkKey(chunkName(root))
    await this.#database.put(key, sealRow(key, encodeChunk(chunk)))
    return true
  }

  async putBlock(height: Height, bytes: Uint8Array): Promise<void> {
    const key = heightKey('pulled', height)
    await this.#database.put(key, sealRow(key, bytes))
  }

  block(height: Height): Uint8Array | undefined {
    return readRow(this.#database, heightKey('pulled', height))
  }

  async clear(): Promise<void> {
    await this.#database.clear(spaceRange('chunk'))
    await this.#database.clear(spaceRange('pulled'))
  }
}
