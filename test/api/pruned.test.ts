import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { expectProblem } from '../support/http.js'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork
let pruned: string
let archive: string
let first: string

beforeAll(async () => {
  network = new InProcessNetwork(4, {}, { window: 2 })
  await network.start(0)
  network.snapshots = { everyBlocks: 10, retainBlocks: 1 }
  await Promise.all([1, 2, 3].map((id) => network.start(id)))
  ;[archive = '', pruned = ''] = await Promise.all([network.serve(0), network.serve(1)])
  const append = async (payload: string) => {
    const args = { category: 'test', subject: 's', payload }
    const transaction = await network.encode(network.identity(0), 'logbook', 'append', args)
    expect(await network.submit(0, transaction)).toMatchObject({ kind: 'final' })
    return transaction.id
  }
  first = await append('first')
  for (let i = 0; i < 20; i++) await append(`entry ${i}`)
  // More time passes than the network remembers transactions for.
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + network.genesis.parameters.dedupWindowMs + 1_000)
  for (let i = 0; network.get(1).ledger.oldest() < 12; i++) await append(`later entry ${i}`)
})

afterAll(async () => {
  await network.close()
  vi.restoreAllMocks()
})

describe('what was pruned', () => {
  it('is told from what never was', async () => {
    const { oldest } = (await (await fetch(`${pruned}/v1/status`)).json()) as { oldest: number }
    expect(oldest).toBeGreaterThan(11)
    const { detail } = await expectProblem(await fetch(`${pruned}/v1/blocks/1`), 410, 'block/pruned')
    expect(detail).toMatch(/the oldest one kept is \d+/)
    await expectProblem(await fetch(`${pruned}/v1/blocks/999999`), 404, 'block/unknown')
    await expectProblem(await fetch(`${pruned}/v1/transactions/${first}`), 404, 'transaction/not-held')
    await expectProblem(await fetch(`${archive}/v1/transactions/${'00'.repeat(32)}`), 404, 'transaction/unknown')
    expect((await fetch(`${archive}/v1/blocks/1`)).status).toBe(200)
  })

  it('is asked of an archive by the SDK', async () => {
    const clientOf = (urls: string[]) => new EtalonClient({ genesis: network.genesis, urls, suite: nativeSuite })
    expect((await clientOf([pruned, archive]).receipt(first)).height).toBe(1)
    await expect(clientOf([pruned]).receipt(first)).rejects.toMatchObject({ code: 'transaction/not-held' })
  })

  it('is said to a listener that asks for events from before', async () => {
    const controller = new AbortController()
    const response = await fetch(`${pruned}/v1/events?from=1`, { signal: controller.signal })
    let text = ''
    for await (const chunk of response.body ?? expect.fail('no body')) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: block')) break
    }
    controller.abort()
    expect(text).toMatch(/^event: pruned\ndata: {"from":1,"to":\d+}\n\n/)
    await until(() => network.get(1).replica.status().health === 'running', 'it runs on')
  })
})
