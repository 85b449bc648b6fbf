import { stateKeyHash } from '../crypto/sparse-merkle.js'
import type { CryptoSuite } from '../crypto/suite.js'
import { putRow } from './block-store.js'
import { keyText, spaceRange, stateHashKey } from './keyspaces.js'
import { openRow } from './rows.js'
import { type Database, SYNCED } from './storage.js'

const ROWS_PER_WRITE = 1_000

/** Brings a ledger of format 1 to format 2, which lists state keys by their hash. Begun again after a crash. */
export async function listStateKeysByHash(database: Database, sha256: CryptoSuite['sha256']): Promise<void> {
  const iterator = database.iterator(spaceRange('state'))
  try {
    for (;;) {
      const rows = await iterator.nextv(ROWS_PER_WRITE)
      if (rows.length === 0) return
      const batch = database.batch()
      for (const [key, value] of rows) {
        openRow(key, value)
        putRow(batch, stateHashKey(stateKeyHash(sha256, keyText(key))), key.subarray(1))
      }
      await batch.write(SYNCED)
    }
  } finally {
    await iterator.close()
  }
}
