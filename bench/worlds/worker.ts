import '../../src/base/polyfill.js'
import { parentPort } from 'node:worker_threads'
import { runSeed } from './run-world.js'

/** One seed of one world. */
export interface Job {
  readonly world: string
  readonly seed: number
}

parentPort?.on('message', ({ world, seed }: Job) => {
  parentPort?.postMessage(runSeed(world, seed))
})
