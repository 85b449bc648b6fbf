import { parentPort } from 'node:worker_threads'
import { nativeSuite } from '../crypto/native.js'
import type { SignatureJob } from '../ports.js'
import { unpackJobs } from './signature-frame.js'

export function isGood({ keyType, publicKey, message, signature }: SignatureJob): boolean {
  return keyType === 'ed25519'
    ? nativeSuite.verifyEd25519(publicKey, message, signature)
    : nativeSuite.verifyP256(publicKey, message, signature)
}

parentPort?.on('message', ({ id, packed }: { id: number; packed: Uint8Array }) => {
  const verdicts = Uint8Array.from(unpackJobs(packed), (job) => (isGood(job) ? 1 : 0))
  parentPort?.postMessage({ id, verdicts }, [verdicts.buffer])
})
