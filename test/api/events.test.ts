import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_BACKLOG_BYTES_MAX } from '../../src/api/events.js'
import { EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { type BlockEvent, blockEvents, expectProblem } from '../support/http.js'
import { InProcessNetwork } from '../support/in-process.js'

let network: InProcessNetwork
let url: string
let client: EtalonClient

beforeAll(async () => {
  network = await InProcessNetwork.start(1)
  url = await network.serve(0)
  const identity = network.identity(0)
  client = new EtalonClient({ genesis: network.genesis, urls: [url], identity, suite: nativeSuite })
  for (let i = 0; i < 5; i++) await append(`entry ${i}`)
})

afterAll(() => network.close())

const append = (payload: string) => client.submit('logbook', 'append', { category: 'test', subject: 'events', payload })
const heights = (events: readonly BlockEvent[]) => events.map(({ id }) => id)
const upTo = (height: number) => (events: readonly BlockEvent[]) => events.some(({ id }) => id >= height)

describe('GET /v1/events', () => {
  it('replays from a height, each block once and in order, then follows', async () => {
    const following = blockEvents(`${url}/v1/events?from=2`, upTo(6))
    const { height, transaction } = await append('while listening')
    expect(height).toBe(6)
    const events = await following
    expect(heights(events)).toEqual([2, 3, 4, 5, 6])
    const [{ data } = expect.fail()] = events.slice(-1)
    expect(data).toMatchObject({
      height,
      transactions: [{ id: transaction, status: 'done', events: [{ name: 'logbook/appended' }] }],
    })
  })

  it('resumes after the last event that the listener has', async () => {
    expect(heights(await blockEvents(`${url}/v1/events`, upTo(5), '3'))).toEqual([4, 5])
  })

  it('resumes there too where the address names the height of the beginning, as browsers repeat it', async () => {
    expect(heights(await blockEvents(`${url}/v1/events?from=1`, upTo(5), '3'))).toEqual([4, 5])
  })

  it('replays everything from 0, where genesis has no events, and from a height not yet there', async () => {
    expect(heights(await blockEvents(`${url}/v1/events?from=0`, upTo(3)))).toEqual([1, 2, 3])
    expect(heights(await blockEvents(`${url}/v1/events`, upTo(3), '0'))).toEqual([1, 2, 3])
    const next = network.get(0).replica.status().finalized + 1
    const following = blockEvents(`${url}/v1/events?from=${next + 1}`, upTo(next + 1))
    await append('passed over')
    await append('wanted')
    expect(heights(await following)).toEqual([next + 1])
  })

  it('begins with the next block where nothing is asked for, or the last id is not one', async () => {
    for (const last of [undefined, 'x', '-1', '1e3', '']) {
      const controller = new AbortController()
      const headers = last === undefined ? {} : { 'last-event-id': last }
      const response = await fetch(`${url}/v1/events`, { headers, signal: controller.signal })
      const reader = (response.body ?? expect.fail('no body')).getReader()
      const { height } = await append('the next')
      const { value } = await reader.read()
      expect(new TextDecoder().decode(value), `after ${last}`).toMatch(new RegExp(`^id: ${height}\n`))
      controller.abort()
    }
  })

  it('gives events of one contract where that is asked for', async () => {
    const all = await blockEvents(`${url}/v1/events?from=1&contract=logbook`, upTo(3))
    expect(all[0]?.data.transactions).toHaveLength(1)
    const none = await blockEvents(`${url}/v1/events?from=1&contract=pki`, upTo(3))
    for (const { data } of none) expect(data.transactions).toEqual([])
  })

  it('refuses what is no height and no name', async () => {
    for (const query of ['from=-1', 'from=x', 'from=1.5', `from=${'1'.repeat(16)}`, `contract=${'c'.repeat(65)}`]) {
      await expectProblem(await fetch(`${url}/v1/events?${query}`), 400, 'api/invalid-request')
    }
  })

  it('replays a history longer than what may wait for a listener', async () => {
    const channel = await client.channel()
    const references = Array.from({ length: 16 }, (_, i) => `reference ${i} ${'r'.repeat(100)}`)
    const args = { category: 'test', subject: 'events', payload: 'long', references }
    // About 2 KB each, in many blocks.
    for (let round = 0; round < 12; round++) {
      const encoded = await Promise.all(Array.from({ length: 70 }, () => client.encode('logbook', 'append', args)))
      const submitted = await Promise.all(encoded.map((transaction) => channel.submit(transaction)))
      for (const { kind } of submitted) expect(kind).toBe('final')
    }
    channel.close()
    const height = network.get(0).replica.status().finalized
    const events = await blockEvents(`${url}/v1/events?from=1`, upTo(height))
    expect(heights(events)).toEqual(Array.from({ length: height }, (_, i) => i + 1))
    expect(JSON.stringify(events).length).toBeGreaterThan(1.5 * EVENT_BACKLOG_BYTES_MAX)
  })
})
