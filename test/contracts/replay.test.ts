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
      "fuel": "8298a9a9097b83b041109ad94d5ad4aa953466f71785e4f12adc3a8b959a273d",
      "logbook": "87c1478e44c0d7b01a25183b331f6632a130f2b1fb74a4a0c704788859daf98a",
      "measuring": "3feedbf55a195f776f42db12da21723ae11ec8bce1c329b7b6ff031178a15e27",
      "pki": "fe81910dd129a1fa5970ffd942fa65b897ca2c10f853a27add6f97d24c0d4f0b",
      "privacy": "a7914ee2f2d0f4d152d5f5160a9b7b861941881633570dd5fa8a263705ff58f9",
    }
  `)
}, 120_000)
