import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { genesisHashOf } from '../../src/node/create-node.js'
import { expectProblem } from '../support/http.js'
import { InProcessNetwork } from '../support/in-process.js'

let network: InProcessNetwork
let url: string
let client: EtalonClient

beforeAll(async () => {
  network = await InProcessNetwork.start(4)
  url = await network.serve(0)
  const identity = network.identity(0, 'admin')
  client = new EtalonClient({ genesis: network.genesis, urls: [url], identity, suite: nativeSuite })
})

afterAll(() => network.close())
afterEach(() => {
  vi.unstubAllGlobals()
})

const PRESENT = 'identity/organizations/org2'
const ABSENT = 'identity/organizations/org9'

/** Changes what the replica answers on its way to the client. */
function tamper(change: (document: Record<string, unknown>) => void): void {
  const real = fetch
  vi.stubGlobal('fetch', async (...request: Parameters<typeof fetch>) => {
    const response = await real(...request)
    const document = (await response.json()) as Record<string, unknown>
    change(document)
    return new Response(JSON.stringify(document), { status: response.status })
  })
}

describe('the proof of one key of the state', () => {
  it('holds before the first block, by the genesis that everybody has', async () => {
    const genesisHash = genesisHashOf(network.genesis)
    const knowing = new EtalonClient({ genesis: network.genesis, urls: [url], suite: nativeSuite, genesisHash })
    expect(await knowing.state(PRESENT)).toMatchObject({ height: 0, value: { id: 'org2' } })
    expect(await knowing.state(ABSENT)).toEqual({ height: 0, value: undefined })
    await expect(client.state(PRESENT)).rejects.toMatchObject({ code: 'client/unproven' })
    const elsewhere = { ...network.genesis, network: 'another' }
    const other = new EtalonClient({ genesis: network.genesis, urls: [url], genesisHash: genesisHashOf(elsewhere) })
    await expect(other.state(PRESENT)).rejects.toMatchObject({ code: 'client/unproven' })
    await client.submit('logbook', 'append', { category: 'test', subject: 's', payload: 'first' })
  })

  it('shows the value that a key has', async () => {
    const { height, value } = await client.state(PRESENT)
    expect(height).toBeGreaterThan(0)
    expect(value).toMatchObject({ id: 'org2', name: 'Organization 2' })
  })

  it('shows that a key has none', async () => {
    expect((await client.state(ABSENT)).value).toBeUndefined()
    expect((await client.state('x')).value).toBeUndefined()
    expect((await client.state(`identity/${'ü'.repeat(250)}`)).value).toBeUndefined()
    expect((await client.state('k'.repeat(512))).value).toBeUndefined()
  })

  it('follows a change of the state', async () => {
    const publicKey = '11'.repeat(32)
    expect((await client.state('identity/members/org0/late')).value).toBeUndefined()
    const args = {
      name: 'late',
      keyType: 'ed25519',
      publicKey: network.genesis.replicas[1]?.consensusKey ?? '',
      kind: 'client',
    } as const
    expect(await client.submit('identity', 'enroll', args)).toMatchObject({ status: 'done' })
    expect((await client.state('identity/members/org0/late')).value).toMatchObject({ name: 'late' })
    expect(publicKey).toHaveLength(64)
  })

  it('has bounds', async () => {
    await expectProblem(await fetch(`${url}/v1/state/${'k'.repeat(513)}`), 400, 'api/invalid-request')
    await expectProblem(await fetch(`${url}/v1/state/`), 400, 'api/invalid-request')
  })

  it.each([
    ['another value', (answer: Record<string, unknown>) => Object.assign(answer, { value: btoa('{"id":"org2"}') })],
    ['no certificate', (answer: Record<string, unknown>) => Object.assign(answer, { certificate: null })],
    ['no value', (answer: Record<string, unknown>) => Object.assign(answer, { value: null })],
    ['no siblings', (answer: Record<string, unknown>) => Object.assign(answer, { proof: { siblings: [] } })],
    ['another header', (answer: Record<string, unknown>) => Object.assign(answer, { header: btoa('header') })],
    [
      'too few signatures',
      ({ certificate }: Record<string, unknown>) => (certificate as { signatures: unknown[] }).signatures.pop(),
    ],
    [
      'one signature twice',
      ({ certificate }: Record<string, unknown>) => {
        const { signatures } = certificate as { signatures: unknown[] }
        signatures[1] = signatures[0]
      },
    ],
  ])('is not believed with %s', async (_, change) => {
    tamper(change)
    await expect(client.state(PRESENT)).rejects.toMatchObject({ code: 'client/unproven' })
  })

  it('is not believed as absence of a key that has a value', async () => {
    tamper((answer) => Object.assign(answer, { value: btoa('{}') }))
    await expect(client.state(ABSENT)).rejects.toMatchObject({ code: 'client/unproven' })
  })
})
