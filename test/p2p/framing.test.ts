import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES, FrameDecoder, writeFrameHeader } from '../../src/p2p/framing.js'
import { frameOf, sameFrames } from './harness.js'

const LIMIT = 1_000_000

function encode(...frames: readonly Uint8Array[]): Uint8Array {
  const parts = frames.flatMap((frame) => {
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, frame.length)
    return [header, frame]
  })
  return new Uint8Array(Buffer.concat(parts))
}

/** Frames given so far; stops at `undefined` or `'oversize'`. */
function pull(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = decoder.next(); frame instanceof Uint8Array; frame = decoder.next()) frames.push(frame)
  return frames
}

describe('FrameDecoder', () => {
  it('gives any frames back, however the bytes are split', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(600), { maxLength: 30 }), fc.boolean(), (input, cuts, pullOften) => {
        const bytes = encode(...input)
        const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b)
        const decoder = new FrameDecoder(LIMIT)
        const output: Uint8Array[] = []
        let start = 0
        for (const end of ends) {
          decoder.push(bytes.subarray(start, end))
          start = end
          if (pullOften) output.push(...pull(decoder))
        }
        output.push(...pull(decoder))
        expect(sameFrames(output, input)).toBe(true)
        expect(decoder.next()).toBeUndefined()
        expect(decoder.midFrame).toBe(false)
      }),
    )
  })

  it('gives large frames back from chunks of any size', () => {
    const frames = [700_000, 3, 0, 300_000, LIMIT].map(frameOf)
    const bytes = encode(...frames)
    for (const chunkSize of [1_000, 65_536, 262_143, bytes.length]) {
      const decoder = new FrameDecoder(LIMIT)
      const output: Uint8Array[] = []
      for (let start = 0; start < bytes.length; start += chunkSize) {
        decoder.push(bytes.subarray(start, start + chunkSize))
        output.push(...pull(decoder))
      }
      expect(sameFrames(output, frames)).toBe(true)
    }
  })

  it('waits inside a frame', () => {
    const decoder = new FrameDecoder(LIMIT)
    const bytes = encode(Uint8Array.of(1, 2, 3))
    for (let i = 0; i < bytes.length - 1; i++) {
      decoder.push(bytes.subarray(i, i + 1))
      expect(decoder.next()).toBeUndefined()
      expect(decoder.midFrame).toBe(true)
    }
    decoder.push(bytes.subarray(-1))
    expect(decoder.next()).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('does not copy a frame that lies in one chunk, and gives no Buffer', () => {
    const decoder = new FrameDecoder(LIMIT)
    const chunk = Buffer.from(encode(Uint8Array.of(1, 2, 3)))
    decoder.push(chunk)
    const frame = decoder.next()
    expect(frame).toEqual(Uint8Array.of(1, 2, 3))
    expect(Buffer.isBuffer(frame)).toBe(false)
    expect((frame as Uint8Array).buffer).toBe(chunk.buffer)
  })

  it('refuses a length over the limit as soon as it is read, and all that follows', () => {
    for (const length of [LIMIT + 1, 2 ** 31, 2 ** 32 - 1]) {
      const decoder = new FrameDecoder(LIMIT)
      const header = new Uint8Array(FRAME_HEADER_BYTES)
      writeFrameHeader(header, 0, length)
      decoder.push(encode(Uint8Array.of(7)))
      decoder.push(header)
      expect(decoder.next()).toEqual(Uint8Array.of(7))
      expect(decoder.next()).toBe('oversize')
      decoder.push(encode(Uint8Array.of(8)))
      expect(decoder.next()).toBe('oversize')
    }
  })

  it('allocates by what arrives, not by what is announced', () => {
    const decoders: FrameDecoder[] = []
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, 1_000_000_000)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 20; i++) {
      const decoder = new FrameDecoder(1_000_000_000)
      decoder.push(header)
      decoder.push(Uint8Array.of(1, 2, 3))
      expect(decoder.next()).toBeUndefined()
      decoders.push(decoder)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024)
    expect(decoders).toHaveLength(20)
  })
})
