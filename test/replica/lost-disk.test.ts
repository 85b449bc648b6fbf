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

const status = (id = 3) => network.get(id).replica.status()
const tip = (id: number) => network.get(id).ledger.tip().header.height

async function append(count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect((await network.append(0, `entry ${i}`)).kind).toBe('final')
}

/** Replicas that signed the certificates which replica 0 holds, of these heights. */
function signers(from: number, to: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (let height = from; height <= to; height++) {
    const { signatures = [] } = network.get(0).ledger.certificate(height) ?? {}
    for (const { replica } of signatures) found.add(replica)
  }
  return found
}

/** Waits until replica 0 has written all that is final there. @returns that height */
async function level(): Promise<number> {
  await until(() => tip(0) === status(0).finalized, 'all to be written')
  return tip(0)
}

/** Waits until a replica votes again; nobody submits anything meanwhile. */
const votesAgain = (id = 3) => until(() => status(id).silent === undefined, `replica ${id} votes again`)

describe('a lost disk', () => {
  it('keeps its replica silent until no earlier vote can matter, and then it votes again, in an idle network too', async () => {
    await append(6)
    await network.stop(3)
    network.loseDisk(3)
    const at = await level()
    // What the others prove is then this height or more.
    await until(() => [1, 2].every((id) => tip(id) >= at), 'all are level')
    await network.start(3, { votesLost: true })
    expect(status().silent).toBe('lost')
    await until(() => tip(3) >= at, 'it catches up')
    await votesAgain()
    await until(() => tip(0) > at + 2 * WINDOW, 'all below to be final')
    expect(signers(at + 1, at + 2 * WINDOW)).toEqual(new Set([0, 1, 2]))
    await network.stop(2)
    // Three of four are needed, so it must vote.
    await append(3)
    const top = await level()
    expect(signers(top, top)).toEqual(new Set([0, 1, 3]))
  }, 30_000)

  it('keeps it silent in a view that begins meanwhile, until it has asked there', async () => {
    await network.close()
    network = new InProcessNetwork(4, {}, { window: WINDOW }, 5)
    await Promise.all([0, 1, 2, 3].map((id) => network.start(id)))
    await append(2)
    await network.stop(3)
    network.loseDisk(3)
    const at = await level()
    // Two others are no quorum: nobody tells it where to begin before the view ends, and blocks need no more than the three.
    network.network.disconnect(3, 1)
    await network.start(3, { votesLost: true })
    await network.start(4)
    await network.changeView([{ kind: 'add', ...testReplica(4) }], [0, 1, 2])
    await until(() => status().view === 1, 'the view of five')
    expect(status()).toMatchObject({ silent: 'lost', silentUntil: 0 })
    network.network.reconnect(3, 1)
    await until(() => status().silentUntil > 0, 'a quorum of the new view has told')
    const { silentUntil } = status()
    const { from } = network.get(3).replica.context.views.current
    expect(silentUntil).toBeGreaterThanOrEqual(from - 1 + 2 * WINDOW)
    await votesAgain()
    await until(() => tip(0) > silentUntil, 'all below to be final')
    expect(signers(at + 1, silentUntil)).toEqual(new Set([0, 1, 2, 4]))
    await network.stop(4)
    await append(1)
  }, 30_000)

  it('keeps a replica silent that joined later and begins before its first view', async () => {
    await network.close()
    network = new InProcessNetwork(4, {}, { window: WINDOW }, 5)
    await Promise.all([0, 1, 2, 3, 4].map((id) => network.start(id)))
    await append(2)
    await network.changeView([{ kind: 'add', ...testReplica(4) }], [0, 1, 2])
    await until(() => status(4).view === 1, 'the view of five')
    await append(3)
    await network.stop(4)
    network.loseDisk(4)
    await network.start(4, { votesLost: true })
    expect(status(4)).toMatchObject({ view: 0, silent: 'following' })
    await until(() => status(4).silent !== 'following', 'its view again')
    expect(status(4).silent).toBe('lost')
    const at = await level()
    await votesAgain(4)
    await until(() => tip(0) > at + 2 * WINDOW, 'all below to be final')
    expect(signers(at + 1, at + 2 * WINDOW)).toEqual(new Set([0, 1, 2, 3]))
  }, 30_000)

  it('keeps it silent over restarts, and without a quorum of reports', async () => {
    await append(2)
    await network.stop(3)
    network.loseDisk(3)
    await network.stop(2)
    await network.start(3, { votesLost: true })
    await until(() => tip(3) >= 2, 'it catches up')
    await network.stop(3)
    await network.start(3)
    expect(status().silent).toBe('lost')
    // Two that vote are no quorum of three.
    const waiting = network.append(0, 'waits')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(tip(0)).toBe(2)
    expect(status().silentUntil).toBe(0)
    await network.start(2)
    expect((await waiting).kind).toBe('final')
    await votesAgain()
  }, 30_000)
})
