import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.js'
import {
  commitArguments,
  commitReading,
  ed25519Signer,
  measuredVolume,
  revealArguments,
} from '../../src/client/index.js'
import { commitStatement, readingStatement } from '../../src/codec/fuel.js'
import { nobleSuite } from '../../src/crypto/noble.js'

const READING = { vehicle: 'v', dispenser: 'd', sequence: 3, volumeMicrolitre: 7, samples: 31, stationary: true }

describe('the volume that a vehicle measures', () => {
  it('is the rise of the median level', () => {
    const levels = { before: [100_000, 102_000, 101_000], after: [600_000, 602_000, 601_000, 603_000] }
    expect(measuredVolume(levels, 50_000_000)).toEqual({ volumeMicrolitre: 25_025_000, samples: 3 })
  })

  it('does not mind spikes, nor drop-outs, which read 0', () => {
    const before = [...new Array<number>(31).fill(200_000), 0, 0, 0, 990_000]
    const after = [...new Array<number>(31).fill(700_000), 0, 0, 0, 1]
    expect(measuredVolume({ before, after }, 60_000_000)).toEqual({ volumeMicrolitre: 30_000_000, samples: 32 })
  })

  it('is nothing without samples, or when the level did not rise', () => {
    expect(measuredVolume({ before: [], after: [1] }, 1_000_000)).toBeUndefined()
    expect(measuredVolume({ before: [5], after: [0] }, 1_000_000)).toBeUndefined()
    expect(measuredVolume({ before: [5], after: [5] }, 1_000_000)).toBeUndefined()
  })
})

describe('commitments', () => {
  it('hide the reading behind a fresh nonce, and open to it', () => {
    const one = commitReading(nobleSuite, READING)
    const two = commitReading(nobleSuite, READING)
    expect(one.commitment).not.toBe(two.commitment)
    expect(one.nonce).toMatch(/^[0-9a-f]{64}$/)
    expect(one.commitment).toBe(toHex(nobleSuite.sha256(utf8(readingStatement(READING, one.nonce)))))
    expect(revealArguments(one)).toEqual({
      commitment: one.commitment,
      volumeMicrolitre: 7,
      samples: 31,
      stationary: true,
      nonce: one.nonce,
    })
  })

  it("are signed by the vehicle's key", async () => {
    const signer = ed25519Signer(new Uint8Array(32).fill(9))
    const args = await commitArguments(commitReading(nobleSuite, READING), signer)
    const text = commitStatement('v', 'd', 3, args.commitment)
    const [key, signature] = [fromHex(signer.publicKey, 32), fromHex(args.signature, 64)]
    expect(nobleSuite.verifyEd25519(key as Uint8Array, utf8(text), signature as Uint8Array)).toBe(true)
  })

  it('of two different readings are of two different texts', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,20}$/)
    const reading = fc.record({
      vehicle: id,
      dispenser: id,
      sequence: fc.nat(),
      volumeMicrolitre: fc.nat(),
      samples: fc.nat(),
      stationary: fc.boolean(),
    })
    fc.assert(
      fc.property(reading, reading, (a, b) => {
        const same = readingStatement(a, 'n') === readingStatement(b, 'n')
        expect(same).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
  })
})
