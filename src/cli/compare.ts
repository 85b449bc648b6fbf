import type { Height } from '../types/index.js'
import { say } from './output.js'

const SETTLE_MS = 5_000
const LOOK_MS = 100
const STATUS_TIMEOUT_MS = 2_000
const BLOCK_TIMEOUT_MS = 5_000

export interface Comparison {
  /** The highest height that all that answered have. */
  readonly finalizedHeight: Height
  /** Replicas that do not give the block that most give there. */
  readonly divergent: number
}

/**
 * Compares replicas at the highest height that all of them have, after a moment to get there. One that gives no block counts
 * as divergent: nobody could say that it agrees.
 */
export async function compare(
  replicas: readonly { readonly url: string }[],
  settleMs = SETTLE_MS,
): Promise<Comparison> {
  const end = Date.now() + settleMs
  let heights: (Height | undefined)[] = []
  do {
    heights = await Promise.all(replicas.map(({ url }) => finalizedHeight(url)))
    if (!heights.includes(undefined) && new Set(heights).size === 1) break
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  } while (Date.now() < end)
  const answered = heights.filter((height) => height !== undefined)
  const common = answered.length === 0 ? 0 : Math.min(...answered)
  const says = await Promise.all(
    replicas.map(({ url }, i) => (heights[i] === undefined ? url : blockHash(url, common))),
  )
  const counts = new Map<string, number>()
  for (const said of says) counts.set(said, (counts.get(said) ?? 0) + 1)
  const most = answered.length === 0 ? 0 : Math.max(...counts.values())
  return { finalizedHeight: common, divergent: replicas.length - most }
}

/** Where a replica says that it is; `undefined` when it does not answer. */
export async function finalizedHeight(url: string): Promise<Height | undefined> {
  try {
    const response = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) })
    return ((await response.json()) as { finalized: Height }).finalized
  } catch {
    return undefined
  }
}

/** The hash of a block; for a replica that does not give it, something that no other one says. */
async function blockHash(url: string, height: Height): Promise<string> {
  if (height === 0) return 'genesis'
  let problem: unknown
  try {
    const response = await fetch(`${url}/v1/blocks/${height}`, { signal: AbortSignal.timeout(BLOCK_TIMEOUT_MS) })
    const answer = (await response.json()) as { readonly hash?: string; readonly code?: string }
    if (response.ok && answer.hash !== undefined) return answer.hash
    problem = answer.code
  } catch (error) {
    problem = error
  }
  say(`${url} does not give block ${height}: ${String(problem)}`)
  return url
}
