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
      "fuel": "68b8775fbfe07a9aa9d72755b4d219532a7090aceb38439f955d0fbeb3045843",
      "logbook": "47751fdcf8b949b3e73968a970ce3dfaa5a7bb27df55294c4a737cbcc3a642d5",
      "measuring": "3dd6b29c7599d0d3070a5e994db77c76850f3e1135cc991a546460f0fd3576a7",
      "pki": "3cc6d6a87a6495d622a7e85139d9521aa2315fc1a16f2eea51156b1a8191411f",
      "privacy": "4c253f911fee6f34da549ff8eca58e79697c33fb19cba34aeb14820036ae64b7",
    }
  `)
}, 120_000)
