import { p256 } from '@noble/curves/nist.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { type Channel, EtalonClient, type Identity, p256Signer } from '../../src/client/index.js'
import { transactionId, transactionStatement } from '../../src/codec/statements.js'
import { encodeTransaction, encodeTransactionBody, type TransactionFields } from '../../src/codec/transaction.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { LIMITS } from '../../src/types/index.js'
import { expectProblem, post } from '../support/http.js'
import { InProcessNetwork, TEST_CLIENT, TEST_TOKEN, testSeed, testSigner } from '../support/in-process.js'

const { sha256 } = nativeSuite

let network: InProcessNetwork
let url: string
let client: EtalonClient
let channel: Channel
let networkId: Uint8Array

beforeAll(async () => {
  network = await InProcessNetwork.start(4)
  url = await network.serve(0)
  const { genesis } = network
  client = new EtalonClient({ genesis, urls: [url], identity: network.identity(0), suite: nativeSuite })
  channel = await client.channel()
  networkId = client.light.networkId
})

afterAll(() => network.close())

/** Whatever came in, the replica works, and what is good still becomes final. */
afterEach(async () => {
  expect(network.get(0).replica.status()).toMatchObject({ health: 'running', waiting: 0 })
  const receipt = await client.submit('logbook', 'append', entry('good'))
  expect(receipt.status).toBe('done')
})

const entry = (payload: string) => ({ category: 'test', subject: 'attack', payload })

interface Forged extends Partial<TransactionFields> {
  readonly network?: Uint8Array
  /** Changes the signature after it was made. */
  readonly tamper?: (signature: Uint8Array) => Uint8Array
  readonly signer?: ReturnType<typeof testSigner>
}

/** A transaction of the client of organization 0, with some things changed before, and some after it is signed. */
async function forge({ network: id = networkId, tamper, signer = testSigner('client 0'), ...fields }: Forged = {}) {
  const { keyType, publicKey } = signer
  const body = encodeTransactionBody(id, {
    organization: 'org0',
    authentication: { mode: 'signed', keyType, publicKey },
    contract: 'logbook',
    method: 'append',
    args: utf8(JSON.stringify(entry('forged'))),
    validUntilMs: Date.now() + 30_000,
    nonce: globalThis.crypto.getRandomValues(new Uint8Array(12)),
    ...fields,
  })
  const vouched = fields.authentication?.mode === 'vouched'
  const signature = vouched
    ? new Uint8Array()
    : await signer.sign(transactionStatement(transactionId(sha256, networkId, body)))
  return encodeTransaction(body, tamper === undefined ? signature : tamper(signature))
}

const refusals = (code: string): number => network.get(0).counters.get(`refused.${code}`)

/** Submits over HTTP; the refusal has the code, the status and is counted once. */
async function expectRefusal(bytes: Uint8Array, status: number, code: string, headers: Record<string, string> = {}) {
  const before = refusals(code)
  await expectProblem(await post(`${url}/v1/transactions`, bytes, headers), status, code)
  expect(refusals(code)).toBe(before + 1)
}

/** Submits over the channel; gives the code of the refusal, or `final`. */
async function outcome(bytes: Uint8Array): Promise<string> {
  const submitted = await channel.submit({ id: '00'.repeat(32), bytes })
  return submitted.kind === 'refused' ? submitted.code : submitted.kind
}

describe('who signs', () => {
  it('a key that nobody enrolled is unknown', async () => {
    await expectRefusal(await forge({ signer: testSigner('nobody') }), 403, 'identity/unknown-key')
  })

  it('a key of another organization does not act for this one', async () => {
    await expectRefusal(await forge({ signer: testSigner('client 1') }), 403, 'identity/wrong-organization')
  })

  it('an organization that does not exist has no members and no clients', async () => {
    await expectRefusal(await forge({ organization: 'org9' }), 403, 'identity/wrong-organization')
    const authentication = { mode: 'vouched', client: TEST_CLIENT } as const
    const headers = { authorization: `Bearer ${TEST_TOKEN}` }
    const vouched = await forge({ authentication, organization: 'org9' })
    await expectRefusal(vouched, 403, 'transaction/foreign-vouching', headers)
  })

  it('an Ed25519 key is not taken as a P-256 key, nor one of small order as any', async () => {
    const publicKey = `02${testSigner('client 0').publicKey}`
    const bytes = await forge({ authentication: { mode: 'signed', keyType: 'p256', publicKey } })
    await expectRefusal(bytes, 401, 'transaction/bad-signature')
    const zero = { mode: 'signed', keyType: 'ed25519', publicKey: `01${'00'.repeat(31)}` } as const
    const small = await forge({
      authentication: zero,
      tamper: () => concatBytes(fromHex(zero.publicKey) ?? expect.fail(), new Uint8Array(32)),
    })
    await expectRefusal(small, 401, 'transaction/bad-signature')
  })

  it('a replica vouches for clients of its own organization, each with its own token', async () => {
    const own = { mode: 'vouched', client: TEST_CLIENT } as const
    const headers = { authorization: `Bearer ${TEST_TOKEN}` }
    await expectRefusal(await forge({ authentication: own }), 401, 'api/unauthorized')
    const other = { mode: 'vouched', client: 'somebody-else' } as const
    await expectRefusal(await forge({ authentication: other }), 401, 'api/unauthorized', headers)
    const foreign = await forge({ authentication: own, organization: 'org1' })
    await expectRefusal(foreign, 403, 'transaction/foreign-vouching', headers)
  })

  it('what must be signed is not vouched for, and members do what their kind may', async () => {
    const authentication = { mode: 'vouched', client: TEST_CLIENT } as const
    const enroll = { contract: 'identity', method: 'enroll' }
    const headers = { authorization: `Bearer ${TEST_TOKEN}` }
    await expectRefusal(await forge({ authentication, ...enroll }), 422, 'runtime/signature-required', headers)
    const args = { name: 'x', keyType: 'ed25519', publicKey: testSigner('x').publicKey, kind: 'client' }
    await expectRefusal(await forge({ ...enroll, args: utf8(JSON.stringify(args)) }), 403, 'identity/not-authorized')
  })
})

describe('the signature', () => {
  const CODE = 'transaction/bad-signature'

  it('of Ed25519 fits with no bit of it flipped', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 64 }, async (_, at) => {
        const bytes = await forge({ tamper: (signature) => signature.with(at, (signature[at] ?? 0) ^ (1 << (at % 8))) })
        return outcome(bytes)
      }),
    )
    expect(new Set(outcomes)).toEqual(new Set([CODE]))
  })

  it('of Ed25519 has S below the group order', async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const tamper = (signature: Uint8Array): Uint8Array => {
      const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order
      const bytes = fromHex(s.toString(16).padStart(64, '0'), 32) ?? expect.fail('S + L fits into 32 bytes')
      return concatBytes(signature.slice(0, 32), bytes.reverse())
    }
    await expectRefusal(await forge({ tamper }), 401, CODE)
  })

  it('is over this transaction and no other, of this network and no other', async () => {
    const other = await forge()
    await expectRefusal(await forge({ tamper: () => other.slice(-64) }), 401, CODE)
    // Another network whose id begins with the same four bytes.
    const neighbour = networkId.with(31, (networkId[31] ?? 0) ^ 1)
    const identity: Identity = { organization: 'org0', signer: testSigner('client 0') }
    const foreign = new EtalonClient({ genesis: network.genesis, urls: [url], identity, suite: nativeSuite })
    Object.assign(foreign, { light: { networkId: neighbour } })
    const { bytes } = await foreign.encode('logbook', 'append', entry('neighbour'))
    await expectRefusal(bytes, 401, CODE)
  })

  it('of P-256 has a low S, whoever holds the key', async () => {
    const signer = p256Signer(testSeed('p256 device'))
    const admin = new EtalonClient({
      genesis: network.genesis,
      urls: [url],
      identity: network.identity(0, 'admin'),
      suite: nativeSuite,
    })
    const key = { name: 'device', keyType: 'p256', publicKey: signer.publicKey, kind: 'client' } as const
    expect(await admin.submit('identity', 'enroll', key)).toMatchObject({ status: 'done' })
    expect((await post(`${url}/v1/transactions`, await forge({ signer }))).status).toBe(200)

    const high = (signature: Uint8Array): Uint8Array => {
      const s = p256.Point.Fn.ORDER - BigInt(`0x${toHex(signature.slice(32))}`)
      return concatBytes(signature.slice(0, 32), fromHex(s.toString(16).padStart(64, '0'), 32) ?? expect.fail())
    }
    await expectRefusal(await forge({ signer, tamper: high }), 401, CODE)
    for (const at of [0, 31, 32, 63]) {
      const tamper = (signature: Uint8Array) => signature.with(at, (signature[at] ?? 0) ^ 1)
      await expectRefusal(await forge({ signer, tamper }), 401, CODE)
    }
    await expectRefusal(await forge({ signer, tamper: () => new Uint8Array(64) }), 401, CODE)
    await expectRefusal(await forge({ signer, tamper: () => new Uint8Array(64).fill(255) }), 401, CODE)
    await expectRefusal(await forge({ signer, tamper: (signature) => signature.slice(0, 63) }), 401, CODE)
  })
})

describe('the bytes', () => {
  it('of no transaction at all are refused', async () => {
    const random = new Random(7)
    const codes = new Set<string>()
    for (let i = 0; i < 500; i++) codes.add(await outcome(random.bytes(random.below(400))))
    for (const code of codes) expect(code).toMatch(/^transaction\/(malformed|wrong-network)$/)
    await expectRefusal(Uint8Array.of(255), 400, 'transaction/malformed')
  })

  it('of a part of a transaction are refused, wherever it was cut', async () => {
    const whole = await forge()
    const outcomes = await Promise.all(Array.from(whole, (_, length) => outcome(whole.subarray(0, length))))
    for (const code of new Set(outcomes)) expect(code).toMatch(/^transaction\/(malformed|wrong-network|bad-signature)$/)
    expect((await post(`${url}/v1/transactions`, whole)).status).toBe(200)
  })

  it('of a transaction are refused with any one of them changed', async () => {
    const whole = await forge()
    const random = new Random(8)
    const changed = Array.from(whole, (byte, at) => whole.with(at, byte ^ (1 << random.below(8))))
    const outcomes = await Promise.all(changed.map(outcome))
    for (const code of new Set(outcomes)) expect(code).toMatch(/^(transaction|identity|runtime)\//)
  })

  it('are bounded', async () => {
    const large = await forge({ args: new Uint8Array(LIMITS.argsBytesMax + 1) })
    await expectRefusal(large, 400, 'transaction/malformed')
    expect(await outcome(new Uint8Array(LIMITS.transactionBytesMax + 1))).toBe('transaction/too-large')
    const body = new Uint8Array(LIMITS.transactionBytesMax + 1)
    await expectProblem(await post(`${url}/v1/transactions`, body), 413, 'api/too-large')
    const batch = JSON.stringify({ transactions: ['A'.repeat(4 * 1024 * 1024)] })
    await expectProblem(await post(`${url}/v1/transactions/batch`, batch), 413, 'api/too-large')
  })
})

describe('where and when', () => {
  it('a transaction for another network says so', async () => {
    await expectRefusal(await forge({ network: sha256(networkId) }), 422, 'transaction/wrong-network')
  })

  it('a transaction is taken in its time', async () => {
    await expectRefusal(await forge({ validUntilMs: Date.now() - 1 }), 422, 'transaction/expired')
    await expectRefusal(await forge({ validUntilMs: 0 }), 422, 'transaction/expired')
    const { dedupWindowMs, clockDriftMsMax } = network.genesis.parameters
    const validUntilMs = Date.now() + dedupWindowMs + clockDriftMsMax + 5_000
    await expectRefusal(await forge({ validUntilMs }), 422, 'transaction/valid-too-long')
    await expectRefusal(await forge({ validUntilMs: Number.MAX_SAFE_INTEGER }), 422, 'transaction/valid-too-long')
    await expectRefusal(await forge({ validUntilMs: Number.MAX_SAFE_INTEGER + 1 }), 400, 'transaction/malformed')
  })
})

describe('what is called', () => {
  it('a contract or a method that there is not is unknown', async () => {
    await expectRefusal(await forge({ contract: 'nothing' }), 422, 'runtime/unknown-contract')
    for (const method of ['nothing', 'constructor', '__proto__', 'toString', 'append\0', 'organizations']) {
      await expectRefusal(await forge({ method }), 422, 'runtime/unknown-method')
    }
    for (const contract of ['Logbook', '../logbook', '__proto__']) {
      await expectRefusal(await forge({ contract }), 400, 'transaction/malformed')
    }
  })

  const good = { category: 'c', subject: 's', payload: 'p' }
  const text = (value: unknown) => utf8(JSON.stringify(value))
  it.each<readonly [string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['null', text(null)],
    ['true', text(true)],
    ['a number', text(1)],
    ['a text', text('text')],
    ['a list', text([good])],
    ['no JSON', utf8('{"category":')],
    ['two documents', utf8('{}{}')],
    ['bytes that are no UTF-8', concatBytes(utf8('{"category":"'), Uint8Array.of(0xff, 0xfe), utf8('"}'))],
    ['half of a surrogate pair', utf8('{"category":"\\ud800","subject":"s","payload":"p"}')],
    ['a key twice', utf8('{"category":"c","category":"d","subject":"s","payload":"p"}')],
    ['a key of every object', utf8('{"__proto__":{"category":"c"},"subject":"s","payload":"p"}')],
    ['constructor as a key', text({ ...good, constructor: 'x' })],
    ['a field too few', text({ category: 'c', payload: 'p' })],
    ['a field too many', text({ ...good, more: 1 })],
    ['a number for a text', text({ ...good, category: 1 })],
    ['null for a text', text({ ...good, category: null })],
    ['a list for a text', text({ ...good, category: ['c'] })],
    ['an object for a text', text({ ...good, category: { c: 1 } })],
    ['a boolean for a text', text({ ...good, payload: true })],
    ['a text for a list', text({ ...good, references: 'r' })],
    ['numbers in a list of texts', text({ ...good, references: [1] })],
    ['a fraction', text({ ...good, references: [0.5] })],
    ['a number that no double holds', utf8('{"category":"c","subject":"s","payload":1e999}')],
    ['an empty text', text({ ...good, category: '' })],
    ['a text too long', text({ ...good, payload: 'p'.repeat(4_097) })],
    ['a list too long', text({ ...good, references: Array.from({ length: 17 }, () => 'r') })],
    ['a hash of a wrong form', text({ ...good, payloadHash: 'AB' })],
    ['a hundred levels', utf8(`${'['.repeat(100)}${']'.repeat(100)}`)],
    ['forty thousand levels', utf8('['.repeat(40_000))],
  ])('arguments must fit: %s', async (_, args) => {
    await expectRefusal(await forge({ args }), 422, 'runtime/invalid-arguments')
  })
})
