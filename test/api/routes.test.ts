import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/base/bytes.js'
import { EtalonClient, LightClient, parseGenesis } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { expectProblem, post } from '../support/http.js'
import { InProcessNetwork, TEST_CLIENT, TEST_TOKEN } from '../support/in-process.js'

let network: InProcessNetwork
let url: string
let client: EtalonClient
let light: LightClient

beforeAll(async () => {
  network = await InProcessNetwork.start(4)
  url = await network.serve(0)
  const { genesis } = network
  client = new EtalonClient({ genesis, urls: [url], identity: network.identity(0), suite: nativeSuite })
  light = new LightClient(genesis, nativeSuite)
})

afterAll(() => network.close())

const get = (path: string): Promise<Response> => fetch(`${url}${path}`)
const entry = (payload: string) => ({ category: 'test', subject: 'api', payload })
const encode = (payload: string) => client.encode('logbook', 'append', entry(payload))

/** Every route of the API but the channel, which is no HTTP route, and the OpenAPI document itself. */
const ROUTES = [
  'GET /metrics',
  'GET /v1/blocks/{height}',
  'GET /v1/contracts',
  'GET /v1/events',
  'GET /v1/evidence',
  'GET /v1/genesis',
  'GET /v1/health',
  'GET /v1/state/{*}',
  'GET /v1/status',
  'GET /v1/transactions/{id}',
  'GET /v1/views',
  'POST /v1/query/{contract}/{query}',
  'POST /v1/transactions',
  'POST /v1/transactions/batch',
]

describe('POST /v1/transactions', () => {
  it('answers with the receipt file once the transaction is final', async () => {
    const { id, bytes } = await encode('one')
    const response = await post(`${url}/v1/transactions`, bytes)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    const read = light.readReceipt(await response.text())
    expect(read).toMatchObject({ proven: { receipt: { transaction: id, status: 'done' } } })
  })

  it('gives the refusal of a contract as a receipt, not as a problem', async () => {
    const receipt = await client.submit('logbook', 'append', { ...entry('x'), payloadHash: '00'.repeat(32) })
    expect(receipt).toMatchObject({ status: 'refused', code: 'logbook/hash-mismatch' })
    expect(light.readReceipt(receipt.file)).toHaveProperty('proven')
  })

  it('takes a vouched transaction with the bearer token of its client only', async () => {
    const identity = { organization: 'org0', client: TEST_CLIENT }
    const { bytes } = await network.encode(identity, 'logbook', 'append', entry('vouched'))
    const path = `${url}/v1/transactions`
    await expectProblem(await post(path, bytes), 401, 'api/unauthorized')
    await expectProblem(await post(path, bytes, { authorization: 'Bearer wrong' }), 401, 'api/unauthorized')
    await expectProblem(await post(path, bytes, { authorization: TEST_TOKEN }), 401, 'api/unauthorized')
    const response = await post(path, bytes, { authorization: `Bearer ${TEST_TOKEN}` })
    expect(light.readReceipt(await response.text())).toHaveProperty('proven')
  })

  it('refuses a body of another type', async () => {
    await expectProblem(await post(`${url}/v1/transactions`, '{}'), 400, 'api/invalid-request')
    const text = { 'content-type': 'text/csv' }
    await expectProblem(await post(`${url}/v1/transactions`, 'a;b', text), 400, 'api/invalid-request')
  })
})

describe('POST /v1/transactions/batch', () => {
  interface BatchAnswer {
    readonly results: readonly { readonly receipt?: string; readonly problem?: { readonly code: string } }[]
  }

  it('answers each transaction in its place, with a receipt or with a problem', async () => {
    const [a, b] = await Promise.all([encode('a'), encode('b')])
    const transactions = [toBase64(a.bytes), '%', toBase64(Uint8Array.of(1, 2, 3)), toBase64(b.bytes)]
    const response = await post(`${url}/v1/transactions/batch`, JSON.stringify({ transactions }))
    expect(response.status).toBe(200)
    const { results } = (await response.json()) as BatchAnswer
    expect(results).toHaveLength(4)
    expect(results[1]?.problem?.code).toBe('transaction/malformed')
    expect(results[2]?.problem?.code).toBe('transaction/malformed')
    for (const [at, { id }] of [[0, a] as const, [3, b] as const]) {
      const read = light.readReceipt(results[at]?.receipt ?? '')
      expect(read).toMatchObject({ proven: { receipt: { transaction: id } } })
    }
  })

  it('refuses none, more than 500, and what is no list of texts', async () => {
    const path = `${url}/v1/transactions/batch`
    const many = Array.from({ length: 501 }, () => 'AAAA')
    for (const body of [{ transactions: [] }, { transactions: many }, { transactions: 'AAAA' }, {}, []]) {
      await expectProblem(await post(path, JSON.stringify(body)), 400, 'api/invalid-request')
    }
    await expectProblem(await post(path, '{'), 400, 'api/invalid-request')
    await expectProblem(await post(path, ''), 400, 'api/invalid-request')
  })
})

describe('GET /v1/transactions/:id', () => {
  it('gives the same receipt again', async () => {
    const submitted = await client.submit('logbook', 'append', entry('again'))
    const { receipt, sealed, index } = (await client.receipt(submitted.transaction)).proven
    expect(receipt).toEqual(submitted.proven.receipt)
    expect([sealed.hash, index]).toEqual([submitted.proven.sealed.hash, submitted.proven.index])
  })

  it('knows no others', async () => {
    await expectProblem(await get(`/v1/transactions/${'0'.repeat(64)}`), 404, 'transaction/unknown')
    for (const id of ['0', 'A'.repeat(64), 'g'.repeat(64), '0'.repeat(65)]) {
      await expectProblem(await get(`/v1/transactions/${id}`), 400, 'api/invalid-request')
    }
  })
})

describe('GET /v1/blocks/:height', () => {
  it('gives header, certificate and receipts of a final block', async () => {
    const { transaction, height } = await client.submit('logbook', 'append', entry('block'))
    const response = await get(`/v1/blocks/${height}`)
    expect(response.status).toBe(200)
    const block = (await response.json()) as Record<string, unknown>
    expect(block).toMatchObject({
      height,
      receipts: expect.arrayContaining([{ transaction, status: 'done', code: '' }]),
    })
    expect(block.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(block.proof).toMatchObject({ certificate: { view: 0, signatures: expect.any(Array) } })
    const latest = (await (await get('/v1/blocks/latest')).json()) as { readonly height: number }
    expect(latest.height).toBeGreaterThanOrEqual(height)
  })

  it('knows none above the final height, none at genesis, and no other names', async () => {
    for (const height of ['999999999', '999999999999999']) {
      await expectProblem(await get(`/v1/blocks/${height}`), 404, 'block/unknown')
    }
    await expectProblem(await get('/v1/blocks/0'), 404, 'block/unknown')
    for (const height of ['first', '-1', '1.5', '1'.repeat(16), '0x1', '%20']) {
      await expectProblem(await get(`/v1/blocks/${height}`), 400, 'api/invalid-request')
    }
  })
})

describe('POST /v1/query/:contract/:query', () => {
  it('answers with a value and its height', async () => {
    const response = await post(`${url}/v1/query/identity/organization`, JSON.stringify({ id: 'org1' }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ height: expect.any(Number), value: { id: 'org1' } })
  })

  it('refuses what the contract refuses', async () => {
    const query = (path: string, args: unknown) => post(`${url}/v1/query/${path}`, JSON.stringify(args))
    await expectProblem(await query('nothing/organization', {}), 422, 'runtime/unknown-contract')
    await expectProblem(await query('identity/nothing', {}), 422, 'runtime/unknown-query')
    await expectProblem(await query('identity/organization', { id: 1 }), 422, 'runtime/invalid-arguments')
    await expectProblem(await query('identity/organization', { id: 'nobody' }), 403, 'identity/unknown-organization')
    await expectProblem(await query(`${'x'.repeat(65)}/y`, {}), 400, 'api/invalid-request')
    await expectProblem(await post(`${url}/v1/query/identity/organizations`, '{"a":'), 400, 'api/invalid-request')
    const evil = '{"__proto__":{"limit":1}}'
    await expectProblem(await post(`${url}/v1/query/identity/organizations`, evil), 400, 'api/invalid-request')
  })
})

describe('what describes the network', () => {
  it('GET /v1/genesis gives the document that receipts are verified with', async () => {
    const genesis = parseGenesis(await (await get('/v1/genesis')).text())
    expect(genesis).toEqual(network.genesis)
  })

  it('GET /v1/contracts names methods with their refusals', async () => {
    const description = JSON.stringify(await (await get('/v1/contracts')).json())
    for (const word of ['logbook', 'append', 'logbook/hash-mismatch', 'identity', 'pki'])
      expect(description).toContain(word)
  })

  it('GET /v1/evidence is empty where nobody misbehaved', async () => {
    expect(await (await get('/v1/evidence')).json()).toEqual({ evidence: [] })
  })

  it('GET /v1/status says where the replica stands', async () => {
    expect(await (await get('/v1/status')).json()).toMatchObject({
      replica: 0,
      organization: 'org0',
      network: 'test',
      health: 'running',
      regency: 1,
      finalized: expect.any(Number),
    })
  })

  it('GET /v1/health is 200 while a quorum is seen, and 503 when it is not', { timeout: 150_000 }, async () => {
    const other = await InProcessNetwork.start(4)
    try {
      const health = `${await other.serve(0)}/v1/health`
      const answer = async () => {
        const response = await fetch(health)
        return [response.status, await response.json()]
      }
      // The peers are connected before the first status of each was heard.
      await expect.poll(answer, { timeout: 60_000 }).toMatchObject([200, { healthy: true, needed: 2 }])
      await other.stop(2)
      expect((await fetch(health)).status).toBe(200)
      await other.stop(3)
      await expect.poll(answer, { timeout: 60_000 }).toMatchObject([503, { healthy: false, connected: 1 }])
    } finally {
      await other.close()
    }
  })

  it('GET /metrics parses, and counts what was done', async () => {
    await client.submit('logbook', 'append', entry('counted'))
    await post(`${url}/v1/transactions`, Uint8Array.of(255))
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    const values = parseMetrics(await response.text())
    expect(values.get('etalon_finalized_height')).toBeGreaterThan(0)
    expect(values.get('etalon_running')).toBe(1)
    expect(values.get('etalon_connected_peers')).toBe(3)
    expect(values.get('etalon_events_total{name="transactions"}')).toBeGreaterThan(0)
    expect(values.get('etalon_events_total{name="refused.transaction/malformed"}')).toBeGreaterThan(0)
  })
})

/** Reads the text format of Prometheus strictly: a line is a comment or a sample. */
function parseMetrics(text: string): Map<string, number> {
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) /.test(line)) continue
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$/.exec(line)
    if (match === null) expect.fail(`not a sample: ${line}`)
    const value = Number(match[2]?.replace('Inf', 'Infinity'))
    expect(value, line).not.toBeNaN()
    values.set(match[1] ?? '', value)
  }
  return values
}

describe('the whole', () => {
  it('GET /openapi.json lists every route, each with a summary', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      readonly openapi: string
      readonly paths: Record<string, Record<string, { readonly summary?: string }>>
    }
    expect(document.openapi).toMatch(/^3\.1/)
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => {
        expect(summary, path).toMatch(/\S/)
        return `${method.toUpperCase()} ${path}`
      }),
    )
    expect(listed.sort()).toEqual(ROUTES)
  })

  it('answers every other address and method with a problem document', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/v2/status', '/v1/channel']) {
      await expectProblem(await get(path), 404, 'api/not-found')
    }
    await expectProblem(await fetch(`${url}/v1/transactions`, { method: 'DELETE' }), 404, 'api/not-found')
    await expectProblem(await get('/v1/blocks/%zz'), 400, 'api/invalid-request')
    await expectProblem(await get('/v1/%'), 400, 'api/invalid-request')
  })
})
