import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { CHANNEL_PENDING_MAX } from '../../src/api/channel.js'
import { EtalonClient, type Submitted } from '../../src/client/index.js'
import {
  CHANNEL_MESSAGE_BYTES_MAX,
  CHANNEL_SUBMISSIONS_MAX,
  decodeChannelAnswer,
  encodeChannelRequest,
} from '../../src/codec/channel.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { InProcessNetwork, TEST_CLIENT, TEST_TOKEN, until } from '../support/in-process.js'

let network: InProcessNetwork
let url: string
let client: EtalonClient

beforeAll(async () => {
  network = await InProcessNetwork.start(4)
  url = await network.serve(0)
  const identity = network.identity(0)
  client = new EtalonClient({ genesis: network.genesis, urls: [url], identity, suite: nativeSuite })
})

afterAll(() => network.close())

const entry = (payload: string) => ({ category: 'test', subject: 'channel', payload })

/** Opens the channel without the SDK; resolves with its socket, or rejects with what the server said. */
function open(path = '/v1/channel', headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { headers })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

const closeCode = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve))

describe('the channel', () => {
  it('takes 1,000 transactions at once and proves each final', async () => {
    const channel = await client.channel()
    const encoded = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => client.encode('logbook', 'append', entry(`${i}`))),
    )
    const began = performance.now()
    const submitted = await Promise.all(encoded.map((transaction) => channel.submit(transaction)))
    const took = performance.now() - began
    const heights = new Set<number>()
    submitted.forEach((outcome, i) => {
      if (outcome.kind !== 'final') expect.fail(JSON.stringify(outcome))
      expect(outcome.proven.receipt).toMatchObject({ transaction: encoded[i]?.id, status: 'done' })
      heights.add(outcome.proven.sealed.header.height)
    })
    expect(channel.pending).toBe(0)
    channel.close()
    process.stderr.write(`channel: 1000 transactions in ${heights.size} blocks, ${took.toFixed(0)} ms\n`)
  })

  it('answers refusals by code, beside the receipts of others', async () => {
    const channel = await client.channel()
    const good = await client.encode('logbook', 'append', entry('good'))
    const unknown = await client.encode('nothing', 'append', entry('bad'))
    const malformed = { id: '00'.repeat(32), bytes: Uint8Array.of(1, 2, 3) }
    const outcomes: Submitted[] = await Promise.all([good, unknown, malformed].map((sent) => channel.submit(sent)))
    expect(outcomes).toMatchObject([
      { kind: 'final' },
      { kind: 'refused', code: 'runtime/unknown-contract', retryAfterMs: 0 },
      { kind: 'refused', code: 'transaction/malformed', retryAfterMs: 0 },
    ])
    channel.close()
  })

  it('takes vouched transactions of the client whose token opened it', async () => {
    const identity = { organization: 'org0', client: TEST_CLIENT }
    const { genesis } = network
    const vouching = new EtalonClient({ genesis, urls: [url], identity, token: TEST_TOKEN, suite: nativeSuite })
    const channel = await vouching.channel()
    const own = await vouching.encode('logbook', 'append', entry('vouched'))
    expect(await channel.submit(own)).toMatchObject({ kind: 'final' })
    const other = await network.encode({ ...identity, client: 'other' }, 'logbook', 'append', entry('vouched'))
    expect(await channel.submit(other)).toMatchObject({ kind: 'refused', code: 'api/unauthorized' })
    channel.close()
  })

  it('opens for nobody with a wrong token, and nowhere else', async () => {
    await expect(open('/v1/channel', { authorization: 'Bearer wrong' })).rejects.toThrow('401')
    await expect(open('/v1/channel', { authorization: 'Basic x' })).rejects.toThrow('401')
    await expect(open('/v1/other')).rejects.toThrow('404')
    const wrong = new EtalonClient({ genesis: network.genesis, urls: [url], token: 'wrong' })
    await expect(wrong.channel()).rejects.toMatchObject({ code: 'client/unreachable' })
  })

  it('is closed when what comes is no request: text, garbage, or a message too large', async () => {
    for (const [message, code] of [
      ['text', 1007],
      [Uint8Array.of(255, 255, 255), 1007],
      [new Uint8Array(CHANNEL_MESSAGE_BYTES_MAX + 1), 1009],
    ] as const) {
      const socket = await open()
      const closed = closeCode(socket)
      socket.send(message)
      expect(await closed).toBe(code)
    }
  })

  it('tells a client with too many under way to come back, and loses none of those', async () => {
    // Without a quorum nothing becomes final, so all that is sent stays under way.
    await network.stop(2)
    await network.stop(3)
    const socket = await open('/v1/channel', { authorization: `Bearer ${TEST_TOKEN}` })
    const identity = { organization: 'org0', client: TEST_CLIENT }
    const { bytes } = await network.encode(identity, 'logbook', 'append', entry('many'))
    const counts = { final: 0, busy: 0, other: 0 }
    socket.on('message', (data: Buffer) => {
      const answer = decodeChannelAnswer(nativeSuite.sha256, data)
      for (const block of answer?.blocks ?? []) counts.final += block.receipts.length
      for (const { code } of answer?.refusals ?? []) counts[code === 'replica/busy' ? 'busy' : 'other'] += 1
    })
    const each = CHANNEL_SUBMISSIONS_MAX
    const requests = CHANNEL_PENDING_MAX / each + 1
    for (let request = 0; request < requests; request++) {
      const submissions = Array.from({ length: each }, (_, i) => ({ ref: request * each + i, transaction: bytes }))
      socket.send(encodeChannelRequest(submissions))
    }
    await until(() => counts.busy === each, 'refusals of what is too many')
    expect(counts).toEqual({ final: 0, busy: each, other: 0 })
    await network.start(2)
    await network.start(3)
    await until(() => counts.final === CHANNEL_PENDING_MAX, 'a receipt for all others')
    expect(counts.other).toBe(0)
    socket.close()
  })
})
