import { describe, expect, it } from 'vitest'
import { BUILT_IN_CONTRACTS } from '../../src/contracts/index.js'
import { Chain, ed25519Key, genesisOf, transaction, VIEW } from './support.js'

/** Changes of the view by votes (consensus.md, Reconfiguration). The window of the test network is 8. */

const WINDOW = 8
const FOURTH = { organization: 'maker', consensusKey: ed25519Key(21), peerId: 'peer3', addresses: ['/ip4/127.0.0.1'] }

const start = () => new Chain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW }))

const propose = (chain: Chain, changes: readonly object[], from = 'maker', validForMs = 1_000_000) =>
  chain.send('governance.propose', { from, args: { title: 'a change', changes, expiresMs: chain.timeMs + validForMs } })
const vote = (chain: Chain, from: string, proposal: number, approve = true) =>
  chain.send('governance.vote', { from, args: { proposal, approve } })
const announce = (chain: Chain, from: string, consensusKey: string) =>
  chain.send('governance.announceKey', { from, client: 'replica', args: { consensusKey } })
const view = async (chain: Chain, id?: number) => {
  const answer = await chain.ask('governance.view', id === undefined ? {} : { id })
  return (
    answer as unknown as { value: { id: number; from: number; replicas: { id: number; consensusKey: string }[] } }
  ).value
}

describe('a proposal', () => {
  it('takes effect a window after the vote that makes the quorum, and gives the replica a number of its own', async () => {
    const chain = start()
    expect(propose(chain, [{ kind: 'add', ...FOURTH }]).value).toEqual({ proposal: 0, replicas: [3] })
    expect(await chain.ask('governance.candidates')).toMatchObject({ value: [{ replica: { id: 3 } }] })
    expect(vote(chain, 'inmetro', 0).value).toMatchObject({ status: 'open', approvals: 1, needed: 2 })
    const { value, events } = vote(chain, 'ptb', 0)
    expect(value).toMatchObject({ status: 'approved' })
    expect(events.map(({ name }) => name)).toEqual(['governance/voted', 'governance/view', 'governance/closed'])
    const newest = await view(chain)
    expect(newest).toMatchObject({ id: 1, from: chain.height + WINDOW + 1 })
    expect(newest.replicas.map(({ id }) => id)).toEqual([0, 1, 2, 3])
    expect(await chain.ask('governance.candidates')).toMatchObject({ value: [] })
    expect(vote(chain, 'body', 0).code).toBe('governance/not-open')
  })

  it('counts only organizations that run a replica, each once', () => {
    const chain = start()
    propose(chain, [{ kind: 'remove', replica: 2 }])
    expect(vote(chain, 'maker', 0).code).toBe('governance/no-vote')
    expect(vote(chain, 'ptb', 0).code).toBe('')
    expect(vote(chain, 'ptb', 0).code).toBe('governance/voted-before')
  })

  it('falls when no quorum can be reached any more', () => {
    const chain = start()
    propose(chain, [{ kind: 'remove', replica: 2 }])
    expect(vote(chain, 'inmetro', 0, false).value).toMatchObject({ status: 'open' })
    expect(vote(chain, 'ptb', 0, false).value).toMatchObject({ status: 'rejected' })
  })

  it('ends with its time, and with it the candidacy', async () => {
    const chain = start()
    propose(chain, [{ kind: 'add', ...FOURTH }], 'maker', 2_000)
    chain.block()
    chain.block()
    expect(vote(chain, 'ptb', 0).code).toBe('governance/not-open')
    propose(chain, [{ kind: 'remove', replica: 2 }])
    expect(await chain.ask('governance.candidates')).toMatchObject({ value: [] })
  })

  it('replaces a replica under a new number', async () => {
    const chain = start()
    const added = { ...FOURTH, organization: 'body' }
    expect(propose(chain, [{ kind: 'add', ...added }]).code).toBe('governance/no-view')
    propose(chain, [
      { kind: 'remove', replica: 2 },
      { kind: 'add', ...added },
    ])
    vote(chain, 'inmetro', 0)
    vote(chain, 'ptb', 0)
    expect((await view(chain)).replicas.map(({ id }) => id)).toEqual([0, 1, 3])
  })

  it('is void when the view has moved on so that it no longer fits', () => {
    const chain = start()
    propose(chain, [{ kind: 'remove', replica: 2 }])
    propose(chain, [{ kind: 'remove', replica: 2 }], 'grid')
    for (const from of ['inmetro', 'ptb']) vote(chain, from, 0)
    expect(vote(chain, 'inmetro', 1).value).toMatchObject({ status: 'open' })
    expect(vote(chain, 'ptb', 1).value).toMatchObject({ status: 'void' })
  })

  it('of two that pass in one block makes one view', async () => {
    const chain = start()
    propose(chain, [{ kind: 'add', ...FOURTH }])
    propose(chain, [{ kind: 'rotate', replica: 0, consensusKey: ed25519Key(31) }], 'grid')
    vote(chain, 'inmetro', 0)
    vote(chain, 'inmetro', 1)
    chain.block(
      transaction('governance.vote', { from: 'ptb', args: { proposal: 0, approve: true } }),
      transaction('governance.vote', { from: 'ptb', args: { proposal: 1, approve: true } }),
      // By now four organizations vote, and three are needed.
      transaction('governance.vote', { from: 'body', args: { proposal: 1, approve: true } }),
    )
    const newest = await view(chain)
    expect(newest).toMatchObject({ id: 1 })
    expect(newest.replicas.map(({ id }) => id)).toEqual([0, 1, 2, 3])
    expect(newest.replicas[0]?.consensusKey).toBe(ed25519Key(31))
  })
})

describe('keys', () => {
  it('that were announced come into the next view, and are announced anew for the one after', async () => {
    const chain = start()
    expect(announce(chain, 'ptb', ed25519Key(41)).value).toEqual({ replica: 1 })
    expect(announce(chain, 'ptb', ed25519Key(42)).code).toBe('')
    propose(chain, [{ kind: 'remove', replica: 2 }])
    for (const from of ['inmetro', 'ptb']) vote(chain, from, 0)
    expect((await view(chain)).replicas[1]?.consensusKey).toBe(ed25519Key(42))
    expect((await view(chain, 0)).replicas[1]?.consensusKey).toBe(VIEW[1]?.consensusKey)
    expect(announce(chain, 'ptb', ed25519Key(42)).code).toBe('governance/key-used')
    expect(announce(chain, 'inmetro', ed25519Key(41)).code).toBe('governance/key-used')
  })

  it('are never used twice, by whichever way they came', () => {
    const chain = start()
    expect(propose(chain, [{ kind: 'rotate', replica: 0, consensusKey: VIEW[1]?.consensusKey }]).code).toBe(
      'governance/key-used',
    )
    propose(chain, [{ kind: 'rotate', replica: 0, consensusKey: ed25519Key(51) }])
    announce(chain, 'body', ed25519Key(51))
    vote(chain, 'inmetro', 0)
    expect(vote(chain, 'ptb', 0).value).toMatchObject({ status: 'void' })
  })
})
