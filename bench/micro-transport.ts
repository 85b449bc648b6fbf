import { decodeTransportKey, peerIdOf } from '../src/p2p/keys.js'
import { createLibp2pTransport } from '../src/p2p/libp2p-transport.js'
import type { Logger, Transport } from '../src/ports.js'
import { clientSeed } from './load.js'
import type { Measure } from './measure.js'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const COALESCED = 128

/** Two libp2p hosts in this process: the figures are of sender and receiver together. */
export async function benchTransport(measure: Measure): Promise<void> {
  for (const security of ['tls', 'noise'] as const) {
    const [a, b] = await pair(security)
    let received = 0
    let wanted = 0
    let done: () => void = () => undefined
    await b.start(() => {
      received += 1
      if (received === wanted) done()
    })
    await a.start(() => undefined)
    await connected(a)
    const send = (count: number, frame: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        wanted = received + count
        done = resolve
        for (let i = 0; i < count; i++) a.send(1, 'batch', frame)
      })
    const small = new Uint8Array(200)
    await measure(`transport ${security}, 200 B, ${COALESCED} together`, COALESCED, () => send(COALESCED, small))
    await measure(`transport ${security}, 200 B, one by one`, 1, () => send(1, small))
    await measure(`transport ${security}, 64 KiB, per KiB`, 64, () => send(1, new Uint8Array(65_536)))
    await a.stop()
    await b.stop()
  }
}

async function pair(security: 'tls' | 'noise'): Promise<readonly [Transport, Transport]> {
  const keys = await Promise.all([0, 1].map((i) => decodeTransportKey(clientSeed(i))))
  const info = (id: number, addresses: readonly string[]) => ({
    id,
    organization: `org${id}`,
    consensusKey: '00'.repeat(32),
    peerId: peerIdOf(keys[id] as (typeof keys)[number]),
    addresses,
  })
  const make = (self: number, peers: readonly ReturnType<typeof info>[]): Transport =>
    createLibp2pTransport({
      privateKey: keys[self] as (typeof keys)[number],
      self,
      networkId: 'micro',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      peers,
      security,
      logger: silent,
    })
  const b = make(1, [info(0, []), info(1, [])])
  const a = make(0, [info(0, []), info(1, [])])
  const start = b.start.bind(b)
  b.start = async (handler) => {
    await start(handler)
    a.setPeers([info(0, []), info(1, b.addresses())])
  }
  return [a, b]
}

async function connected(transport: Transport): Promise<void> {
  while (transport.connected().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
