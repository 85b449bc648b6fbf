import { describe, expect, it } from 'vitest'
import { ReplicaCore } from '../../src/consensus/index.js'
import { stopDataProblem } from '../../src/consensus/regency-choice.js'
import { markVerified } from '../../src/types/verified.js'
import { certificate, sent, stopDataOf } from '../protocol/one-replica.js'
import { digestOf, signedBy, testBatch, testOptions, testView } from './cluster.js'

/** A view that begins above other views' heights (consensus.md, Reconfiguration). */

const FIRST = 6
const BELOW = FIRST - 1
const NOW_MS = 1_000_000

function start(self: number, lastHeight?: number): ReplicaCore {
  const options = { ...testOptions(self, 4), firstHeight: FIRST, ...(lastHeight === undefined ? {} : { lastHeight }) }
  const finality = { ...certificate('persist', BELOW, 0, digestOf('header')), view: 7 }
  const core = new ReplicaCore(options, { executed: BELOW, finalized: BELOW, finality, blocks: [], records: [] })
  core.start(NOW_MS)
  return core
}

const give = (core: ReplicaCore, sender: number, message: Parameters<typeof signedBy>[1]) =>
  core.step({ kind: 'message', message: markVerified(signedBy(sender, message)) }, NOW_MS)

describe('the height below a view', () => {
  it('is final for all of its members, so no STOPDATA proves it: found by the simulator, seed 12', () => {
    const follower = start(0)
    const effects = [0, 1, 3].flatMap((sender) => [
      ...give(follower, sender, { kind: 'stop', regency: 2, pending: [] }),
    ])
    const [stopData] = sent(effects, 'stop-data')
    expect(stopData).toEqual({ kind: 'stop-data', regency: 2, finalized: BELOW, prepared: [] })
    const leader = start(2)
    for (const sender of [0, 1, 3]) give(leader, sender, { kind: 'stop', regency: 2, pending: [] })
    const sync = [0, 1, 3].flatMap((sender) => [...give(leader, sender, stopData ?? expect.fail())])
    expect(sent(sync, 'sync')).toHaveLength(1)
  })

  it('is the least that a STOPDATA may claim, and needs no certificate of another view', () => {
    const rules = { view: testView(4), window: 4, firstHeight: FIRST }
    const problem = (finalized: number, more = {}) => stopDataProblem(stopDataOf(2, { finalized, ...more }), 2, rules)
    expect(problem(BELOW)).toBeUndefined()
    expect(problem(BELOW - 1)).toMatch(/below the view/)
    expect(problem(0)).toMatch(/below the view/)
    expect(problem(BELOW, { finality: certificate('persist', BELOW, 0, digestOf('x')) })).toMatch(/below the view/)
    expect(problem(FIRST)).toMatch(/without certificate/)
  })
})

describe('a view that ends', () => {
  it('is filled up with empty blocks, and nothing is voted for above its last height', () => {
    // Replica 1 leads regency 1.
    const core = start(1)
    const effects = core.step(
      { kind: 'executed', height: BELOW, headerHash: digestOf('header'), lastHeight: FIRST + 1 },
      NOW_MS,
    )
    core.step({ kind: 'timeout', timer: 'tick' }, NOW_MS + 100)
    const proposals = sent(effects, 'propose')
    const later = core.step({ kind: 'batch', batch: markVerified(testBatch(0, 1)) }, NOW_MS + 200)
    const all = [...proposals, ...sent(later, 'propose')]
    expect(all.map(({ cid }) => cid).filter((cid) => cid > FIRST + 1)).toEqual([])
    const follower = start(0, FIRST + 1)
    const value = testOptions(0, 4).makeValue(NOW_MS, [])
    const votes = [FIRST, FIRST + 1, FIRST + 2].flatMap((cid) => [
      ...give(follower, 1, { kind: 'propose', cid, regency: 1, value }),
    ])
    expect(sent(votes, 'write').map(({ cid }) => cid)).toEqual([FIRST, FIRST + 1])
  })

  it('is work: a leader that does not fill it up is given up', () => {
    const follower = start(0, FIRST + 1)
    const effects = Array.from({ length: 20 }, (_, i) =>
      follower.step({ kind: 'timeout', timer: 'tick' }, NOW_MS + 100 * i),
    ).flat()
    expect(sent(effects, 'stop').map(({ regency }) => regency)[0]).toBe(2)
  })
})

describe('a replica that only follows', () => {
  it('says nothing, whatever it hears', () => {
    const core = new ReplicaCore(
      { ...testOptions(9, 4), votes: false },
      { executed: 0, finalized: 0, blocks: [], records: [] },
    )
    core.start(NOW_MS)
    const value = testOptions(9, 4).makeValue(NOW_MS, [])
    const effects = [
      ...give(core, 1, { kind: 'propose', cid: 1, regency: 1, value }),
      ...[0, 1, 2].flatMap((sender) => [...give(core, sender, { kind: 'stop', regency: 2, pending: [] })]),
      ...core.step({ kind: 'executed', height: 1, headerHash: digestOf('header') }, NOW_MS),
      ...core.step({ kind: 'timeout', timer: 'tick' }, NOW_MS + 60_000),
    ]
    expect(effects.filter(({ kind }) => kind === 'send' || kind === 'persist')).toEqual([])
    expect(core.status()).toMatchObject({ silent: 'following', regency: 2 })
  })
})
