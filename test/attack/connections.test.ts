import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EVENT_STREAMS_MAX } from '../../src/api/events.js'
import { EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { expectProblem } from '../support/http.js'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork
let url: string
let client: EtalonClient

beforeAll(async () => {
  network = await InProcessNetwork.start(1)
  url = await network.serve(0)
  const identity = network.identity(0)
  client = new EtalonClient({ genesis: network.genesis, urls: [url], identity, suite: nativeSuite })
})

afterAll(() => network.close())

const works = async (): Promise<void> => {
  const receipt = await client.submit('logbook', 'append', { category: 'c', subject: 's', payload: 'p' })
  expect(receipt.status).toBe('done')
}

/** Opens a socket to the API and writes a text. What is broken about the socket later is nobody's error. */
function dial(text: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  return new Promise((resolve) => socket.write(text, () => resolve(socket)))
}

const upgrade = (path: string, more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n${more}\r\n`

it.each([
  ['a channel that is refused for its token', upgrade('/v1/channel', 'Authorization: Bearer wrong\r\n')],
  ['an upgrade at an address where there is none', upgrade('/v1/nothing')],
  ['an upgrade without a key', upgrade('/v1/channel').replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['a channel that was opened', upgrade('/v1/channel')],
  ['events', 'GET /v1/events?from=1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a submission that does not end', 'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n1'],
  ['what is not HTTP', '\0\x01\x02\r\n\r\n'],
])('a client that resets its connection in the middle of %s harms nobody', async (_, text) => {
  for (let i = 0; i < 40; i++) {
    const socket = await dial(text)
    if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
  }
  await works()
})

it('event streams are bounded: one more is told to come back, and has its turn when another ended', async () => {
  await works()
  const controllers = await Promise.all(
    Array.from({ length: EVENT_STREAMS_MAX }, async () => {
      const controller = new AbortController()
      await fetch(`${url}/v1/events`, { signal: controller.signal })
      return controller
    }),
  )
  const refused = await fetch(`${url}/v1/events`)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await expectProblem(refused, 429, 'replica/busy')
  for (const controller of controllers) controller.abort()
  let status = 0
  await until(() => {
    const controller = new AbortController()
    void fetch(`${url}/v1/events`, { signal: controller.signal }).then((response) => {
      status = response.status
      controller.abort()
    })
    return status === 200
  }, 'room for a stream')
  await works()
})
