import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InProcessNetwork, testReplica, until } from '../support/in-process.js'

/** A replica that lost its disk but not its key (consensus.md, Recovery). */

const WINDOW = 4
let network: InProcessNetwork

beforeEach(async () => {
  network = new InProcessNetwork(4, {}, { window: WINDOW })
  await Promise.all(network.replicas.map((_, id) => network.start(id)))
})

afterEach(async () => {
  await network.close()
})

const silent = () => network.get(3).replica.status().silent

async function append(count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect((await network.append(0, `entry ${i}`)).kind).toBe('final')
}

/** The bound is known once a quorum has reported, so the chain must grow past it after that. */
async function appendUntilItVotes(): Promise<void> {
  for (let i = 0; silent() !== undefined; i++) {
    if (i > 400) throw new Error('the silence does not end')
    await append(1)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The block that ended the silence is final in the ledger a sync of the log after the core knows it. */
const isFinalAbove = (height: number) =>
  until(() => network.get(3).ledger.finalized().height > height, `a block above ${height}`, 1_000)

/** Signers of the finality certificates that a replica holds, from a height on. */
function signers(from: number): ReadonlySet<number> {
  const { ledger } = network.get(0)
  const found = new Set<number>()
  for (let height = from; height <= ledger.finalized().height; height++) {
    for (const { replica } of ledger.finality(height)?.signatures ?? []) found.add(replica)
  }
  return found
}

describe('a lost disk', () => {
  it('keeps its replica silent until no earlier vote can matter, and then it votes again', async () => {
    await append(6)
    await network.stop(3)
    network.loseDisk(3)
    const at = network.get(0).ledger.finalized().height
    // What the others prove is then this height or more.
    await until(() => [1, 2].every((id) => network.get(id).ledger.finalized().height >= at), 'all are level')
    await network.start(3, { votesLost: true })
    await until(() => network.get(3).ledger.finalized().height >= at, 'it catches up')
    expect(silent()).toBe('abstaining')
    await append(2)
    expect(silent()).toBe('abstaining')
    expect(signers(at + 1)).toEqual(new Set([0, 1, 2]))
    await appendUntilItVotes()
    await isFinalAbove(at + 4 * WINDOW)
    await network.stop(1)
    // Three of four are needed, so it must vote.
    await append(3)
  }, 30_000)

  it('keeps it silent no longer for a view that begins meanwhile', async () => {
    await network.close()
    network = new InProcessNetwork(4, {}, { window: WINDOW }, 5)
    await Promise.all([0, 1, 2, 3].map((id) => network.start(id)))
    await append(2)
    await network.stop(3)
    network.loseDisk(3)
    const warnings: unknown[] = []
    await network.start(3, { votesLost: true, warn: (fields: unknown) => warnings.push(fields) })
    const bounds = () => warnings.flatMap((fields) => (fields as { readonly until?: number }).until ?? [])
    await until(() => bounds().length > 0, 'a quorum has reported')
    await network.start(4)
    await network.changeView([{ kind: 'add', ...testReplica(4) }], [0, 1, 2])
    await until(() => network.get(3).replica.status().view === 1, 'the view of five')
    expect(silent()).toBe('abstaining')
    const [bound = 0] = bounds()
    await appendUntilItVotes()
    expect(bounds()).toEqual([bound])
    await isFinalAbove(bound)
    expect(network.get(3).ledger.finalized().height).toBeLessThan(
      network.get(3).replica.context.views.current.from + 4 * WINDOW,
    )
  }, 30_000)

  it('keeps a replica silent that joined later and begins before its first view', async () => {
    await network.close()
    network = new InProcessNetwork(4, {}, { window: WINDOW }, 5)
    await Promise.all([0, 1, 2, 3, 4].map((id) => network.start(id)))
    await append(2)
    await network.changeView([{ kind: 'add', ...testReplica(4) }], [0, 1, 2])
    const joined = () => network.get(4).replica.status().view === 1
    await until(joined, 'the view of five')
    await append(3)
    await network.stop(4)
    network.loseDisk(4)
    await network.start(4, { votesLost: true })
    expect(network.get(4).replica.status()).toMatchObject({ view: 0, silent: 'following' })
    await until(() => network.get(4).replica.status().silent !== 'following', 'its view again')
    expect(network.get(4).replica.status().silent).toBe('abstaining')
    const at = network.get(0).ledger.finalized().height
    await append(2)
    for (let height = at + 1; height <= at + 2; height++) {
      const signed = network.get(0).ledger.finality(height)?.signatures ?? []
      expect(signed.map(({ replica }) => replica)).not.toContain(4)
    }
  }, 30_000)

  it('keeps it silent over restarts, and without a quorum of reports', async () => {
    await append(2)
    await network.stop(3)
    network.loseDisk(3)
    await network.stop(2)
    await network.start(3, { votesLost: true })
    await until(() => network.get(3).ledger.finalized().height >= 2, 'it catches up')
    await network.stop(3)
    await network.start(3)
    expect(silent()).toBe('abstaining')
    // Two that vote are no quorum of three.
    const waiting = network.append(0, 'waits')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(network.get(0).ledger.finalized().height).toBe(2)
    await network.start(2)
    expect((await waiting).kind).toBe('final')
    await appendUntilItVotes()
  }, 30_000)
})
