import type { SignatureJob } from '../ports.js'

/**
 * One flat buffer for a batch of jobs, so that it moves to a worker without copying object by object.
 * Each job: key type (1 byte), lengths of key, message and signature (2 bytes each), then the three.
 */
const HEAD_BYTES = 7
const KEY_TYPES = ['ed25519', 'p256'] as const

export function packJobs(jobs: readonly SignatureJob[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const { publicKey, message, signature } of jobs) {
    size += HEAD_BYTES + publicKey.length + message.length + signature.length
  }
  const out = new Uint8Array(size)
  const numbers = new DataView(out.buffer)
  let at = 0
  for (const { keyType, publicKey, message, signature } of jobs) {
    out[at] = keyType === 'ed25519' ? 0 : 1
    numbers.setUint16(at + 1, publicKey.length)
    numbers.setUint16(at + 3, message.length)
    numbers.setUint16(at + 5, signature.length)
    at += HEAD_BYTES
    for (const part of [publicKey, message, signature]) {
      out.set(part, at)
      at += part.length
    }
  }
  return out
}

export function unpackJobs(packed: Uint8Array): SignatureJob[] {
  const numbers = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const jobs: SignatureJob[] = []
  let at = 0
  const take = (length: number): Uint8Array => {
    at += length
    return packed.subarray(at - length, at)
  }
  while (at < packed.length) {
    const keyType = KEY_TYPES[packed[at] as 0 | 1]
    const lengths = [numbers.getUint16(at + 1), numbers.getUint16(at + 3), numbers.getUint16(at + 5)] as const
    at += HEAD_BYTES
    jobs.push({ keyType, publicKey: take(lengths[0]), message: take(lengths[1]), signature: take(lengths[2]) })
  }
  return jobs
}
