import { Worker } from 'node:worker_threads'
import type { CryptoSuite } from '../crypto/index.js'
import type { SignatureJob, SignatureVerifier } from '../ports.js'
import { packJobs } from './signature-frame.js'

/** Signatures checked in one piece on the event loop; then others get a turn. */
const SLICE = 16
/** Jobs below which moving them to a worker costs more than it saves. */
const WORKER_JOBS_MIN = 4

/** Verifies on the event loop, a slice at a time, so that votes never wait behind a batch. */
export function inlineVerifier(suite: CryptoSuite): SignatureVerifier {
  let turn: Promise<void> = Promise.resolve()
  const check = ({ keyType, publicKey, message, signature }: SignatureJob): boolean =>
    keyType === 'ed25519'
      ? suite.verifyEd25519(publicKey, message, signature)
      : suite.verifyP256(publicKey, message, signature)
  async function run(jobs: readonly SignatureJob[]): Promise<boolean[]> {
    const verdicts: boolean[] = []
    for (let i = 0; i < jobs.length; i += SLICE) {
      if (i > 0) await new Promise<void>((resolve) => setImmediate(resolve))
      for (const job of jobs.slice(i, i + SLICE)) verdicts.push(check(job))
    }
    return verdicts
  }
  return {
    verify(jobs) {
      const result = turn.then(() => run(jobs))
      turn = result.then(
        () => undefined,
        () => undefined,
      )
      return result
    },
    close: async () => undefined,
  }
}

interface Pending {
  readonly resolve: (verdicts: readonly boolean[]) => void
  readonly reject: (error: unknown) => void
}

/** Verifies in worker threads, each batch in one of them. A worker that dies fails its jobs: the node must stop. */
export function workerVerifier(workers: number, suite: CryptoSuite, url: URL): SignatureVerifier {
  const small = inlineVerifier(suite)
  const pending = new Map<number, Pending>()
  const pool = Array.from({ length: workers }, () => {
    const worker = new Worker(url)
    worker.on('message', ({ id, verdicts }: { id: number; verdicts: Uint8Array }) => {
      pending.get(id)?.resolve(Array.from(verdicts, (verdict) => verdict === 1))
      pending.delete(id)
    })
    worker.on('error', (error) => {
      for (const { reject } of pending.values()) reject(error)
      pending.clear()
    })
    worker.unref()
    return worker
  })
  let count = 0
  return {
    verify(jobs) {
      if (jobs.length < WORKER_JOBS_MIN) return small.verify(jobs)
      const id = count++
      const packed = packJobs(jobs)
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject })
        pool[id % pool.length]?.postMessage({ id, packed }, [packed.buffer])
      })
    },
    async close() {
      await Promise.all(pool.map((worker) => worker.terminate()))
      for (const { reject } of pending.values()) reject(new Error('the verifier is closed'))
      pending.clear()
    },
  }
}
