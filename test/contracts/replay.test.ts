import { createHash, type Hash } from 'node:crypto'
import { expect, it, vi } from 'vitest'
import { Random } from '../../src/base/random.js'
import { encodeReceipt } from '../../src/codec/block.js'
import { BUILT_IN_CONTRACTS } from '../../src/contracts/index.js'
import { FUEL_CASES } from './fuel/refusal-cases.js'
import { LOGBOOK_CASES } from './logbook-cases.js'
import { MEASURING_CASES } from './measuring-cases.js'
import { PKI_CASES } from './pki-refusals.js'
import { MeterChain } from './pki-support.js'
import { PRIVACY_CASES } from './privacy-cases.js'
import { blocks, genesisOf, VIEW } from './support.js'

/**
 * Whatever executes them, the same transactions give the same receipts and the same state: the way to every refusal of every contract,
 * executed block by block, hashed, and compared with what is written here. CI does so on two versions of Node. A change of a contract changes
 * its line, and only a change of a contract may: `npx vitest run test/contracts/replay -u` writes the new ones.
 */

const CASES = {
  fuel: FUEL_CASES,
  logbook: LOGBOOK_CASES,
  measuring: MEASURING_CASES,
  pki: PKI_CASES,
  privacy: PRIVACY_CASES,
}

function record(hash: Hash): () => number {
  let count = 0
  blocks.executed = ({ receipts, changes, contractSet }) => {
    count += receipts.length
    hash.update(contractSet)
    for (const receipt of receipts) hash.update(encodeReceipt(receipt))
    for (const { key, value } of changes) hash.update(key).update(value ?? 'deleted')
  }
  return () => count
}

it('gives the same receipts and states as it always did, on every version of Node', async () => {
  // What clients draw, which is never part of a contract.
  const random = new Random(1)
  vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof Uint8Array) array.set(random.bytes(array.length))
    return array
  })
  const digests: Record<string, string> = {}
  for (const [contract, cases] of Object.entries(CASES)) {
    const hash = createHash('sha256')
    const executed = record(hash)
    for (const produce of Object.values(cases)) {
      await produce(new MeterChain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW })))
    }
    expect(executed()).toBeGreaterThan(20)
    digests[contract] = hash.digest('hex')
  }
  expect(digests).toMatchInlineSnapshot(`
    {
      "fuel": "4477e101fa7a8d39adedef64d904994483c64ec0d261a7e56a9767769303de5b",
      "logbook": "c6b2497cf38a47f98d1c9756a1e3809d8780fa82fbae4f87583bd2438b28038e",
      "measuring": "e0d4ad0e1eb00347aacaecf65bc3ceb14a194581e9713519f42708c3b54ea7f6",
      "pki": "d8eb8e9142a99e38c7791e81a73423da1c92ae3d8880234da812d0e502ce45e4",
      "privacy": "cf4fe2fc01672ac48a378d7a6d092307749dde5dcfd4ad5277336dd8d80a601d",
    }
  `)
}, 120_000)
