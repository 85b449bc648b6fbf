import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HeightGate, WAITING_READS_MAX } from '../../src/api/height-gate.js'
import { EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { FinalBlock, ReplicaStatus } from '../../src/replica/index.js'
import type { SealedHeader } from '../../src/types/index.js'
import { expectProblem } from '../support/http.js'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork
let urls: string[]
beforeEach(async () => {
  network = await InProcessNetwork.start(4)
  urls = await Promise.all([0, 1, 2, 3].map((id) => network.serve(id)))
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await network.close()
})

const KEY = 'identity/organizations/org2'
const LATE = 'identity/members/org0/late'
const clientOf = (addresses: readonly string[], more: { readonly readYourWrites?: boolean } = {}) =>
  new EtalonClient({
    genesis: network.genesis,
    urls: addresses,
    identity: network.identity(0, 'admin'),
    suite: nativeSuite,
    ...more,
  })

const enrol = (client: EtalonClient) => {
  const publicKey = network.genesis.replicas[1]?.consensusKey ?? ''
  return client.submit('identity', 'enroll', { name: 'late', keyType: 'ed25519', publicKey, kind: 'client' })
}

/** Keeps a replica from everything that the others decide. */
const cutOff = (id: number) => {
  for (const other of [0, 1, 2, 3]) if (other !== id) network.network.disconnect(id, other)
}

describe('reads that wait for a height', () => {
  it('are answered once it is final, with that height or a later one', async () => {
    const reader = clientOf([urls[3] ?? ''])
    const waiting = reader.state(KEY, { minHeight: 2 })
    const query = fetch(`${urls[3]}/v1/query/identity/organizations?minHeight=2`, { method: 'POST' })
    await network.append(0, 'one')
    await network.append(0, 'two')
    expect((await waiting).height).toBeGreaterThanOrEqual(2)
    expect((await (await query).json()) as unknown).toMatchObject({ height: expect.any(Number) })
    const receipt = await clientOf(urls).submit('logbook', 'append', { category: 'c', subject: 's', payload: 'p' })
    const again = await reader.receipt(receipt.transaction, { minHeight: receipt.height })
    expect(again.height).toBe(receipt.height)
  })

  it('end with a problem that says when to try again', async () => {
    await network.append(0, 'one')
    const paths = [`/v1/state/${encodeURIComponent(KEY)}`, `/v1/transactions/${'00'.repeat(32)}`]
    const answers = paths.map((path) => fetch(`${urls[0]}${path}?minHeight=999`))
    for (const answer of answers) {
      const { retryAfterMs } = await expectProblem(await answer, 503, 'read/behind')
      expect(retryAfterMs).toBe(1_000)
    }
    await expectProblem(await fetch(`${urls[0]}${paths[0]}?minHeight=-1`), 400, 'api/invalid-request')
  })

  it('let a client read its own writes at a replica that is behind', async () => {
    const writer = clientOf([urls[0] ?? '', urls[1] ?? ''], { readYourWrites: true })
    const receipt = await enrol(writer)
    const asked: string[] = []
    const real = fetch
    vi.stubGlobal('fetch', (...request: Parameters<typeof fetch>) => {
      asked.push(String(request[0]))
      return real(...request)
    })
    const { height, value } = await writer.state(LATE)
    expect(asked[0]).toMatch(new RegExp(`minHeight=${receipt.height}$`))
    expect(height).toBeGreaterThanOrEqual(receipt.height)
    expect(value).toMatchObject({ name: 'late' })
    await writer.query('identity', 'organizations', {})
    expect(asked[1]).toContain(`minHeight=${receipt.height}`)
  })

  it('are not believed when the answer is older than was asked for', async () => {
    await network.append(0, 'one')
    const real = fetch
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => real(url.replace(/\?minHeight=.*/, ''), init))
    await expect(clientOf([urls[0] ?? '']).state(KEY, { minHeight: 50 })).rejects.toMatchObject({
      code: 'client/unproven',
    })
  })
})

describe('a quorum read', () => {
  it('takes the newest of a quorum, and does without the others', async () => {
    await enrol(clientOf(urls))
    const { height, value, replicas } = await clientOf(urls).quorumState(LATE)
    expect(value).toMatchObject({ name: 'late' })
    expect(height).toBeGreaterThan(0)
    expect(replicas.length).toBeGreaterThanOrEqual(3)
    const withoutOne = await clientOf([...urls.slice(0, 3), 'http://127.0.0.1:1']).quorumState(LATE)
    expect(withoutOne.replicas).toEqual([0, 1, 2])
  })

  it('sees what was acknowledged before it, though a replica is behind', async () => {
    await until(() => network.get(0).replica.status().connected.length === 3, 'connected')
    await network.append(0, 'before')
    await until(() => network.get(3).ledger.tip().header.height >= 1, 'the first block everywhere')
    cutOff(3)
    const receipt = await enrol(clientOf([urls[0] ?? '']))
    const behind = await clientOf([urls[3] ?? '']).state(LATE)
    expect(behind.value).toBeUndefined()
    const { height, value } = await clientOf([...urls].reverse()).quorumState(LATE)
    expect(height).toBeGreaterThanOrEqual(receipt.height)
    expect(value).toMatchObject({ name: 'late' })
  })

  it('counts each replica once, only members, and only proven answers', async () => {
    await enrol(clientOf(urls))
    const once = clientOf([urls[0] ?? '', urls[0] ?? '', urls[1] ?? ''])
    await expect(once.quorumState(LATE)).rejects.toMatchObject({ code: 'client/no-quorum' })
    const real = fetch
    const tampered = (change: (answer: Record<string, unknown>) => void) =>
      vi.stubGlobal('fetch', async (...request: Parameters<typeof fetch>) => {
        const answer = (await (await real(...request)).json()) as Record<string, unknown>
        if (String(request[0]).startsWith(urls[1] ?? '-')) change(answer)
        return new Response(JSON.stringify(answer))
      })
    for (const lie of [{ replica: 7 }, { replica: 0 }, { value: btoa('{}') }]) {
      tampered((answer) => Object.assign(answer, lie))
      await expect(clientOf(urls.slice(0, 3)).quorumState(LATE)).rejects.toMatchObject({ code: 'client/no-quorum' })
    }
  })
})

/** As much of a replica and its ledger as the gate looks at. */
function stubbed(now: { height: number; executed: number; finalized: number }) {
  return {
    now,
    status: () => ({ executed: now.executed, finalized: now.finalized }) as ReplicaStatus,
    tip: () => ({ header: { height: now.height } }) as SealedHeader,
  }
}

describe('waiting reads', () => {
  it('of all that is final wait until it is written, though nothing more becomes final', async () => {
    const chain = stubbed({ height: 1, executed: 3, finalized: 2 })
    const gate = new HeightGate({ onFinal: () => () => undefined, status: chain.status }, chain)
    let done = false
    const read = gate.written().then(() => {
      done = true
    })
    await new Promise((next) => setTimeout(next, 30))
    expect(done).toBe(false)
    chain.now.height = 2
    await read
    gate.close()
  })

  it('of a quorum wait for what is executed, until that is final or taken back', async () => {
    for (const end of [{ height: 3 }, { executed: 2 }]) {
      const chain = stubbed({ height: 1, executed: 3, finalized: 1 })
      const gate = new HeightGate({ onFinal: () => () => undefined, status: chain.status }, chain)
      await gate.written()
      let done = false
      const read = gate.settled().then(() => {
        done = true
      })
      chain.now.executed = 5
      chain.now.height = 2
      await new Promise((next) => setTimeout(next, 30))
      expect(done).toBe(false)
      Object.assign(chain.now, end)
      await read
      gate.close()
    }
  })

  it('are bounded: more are refused, and those that wait are let through when their height comes', async () => {
    const listeners = new Set<(block: FinalBlock) => void>()
    const onFinal = (listener: (block: FinalBlock) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    const chain = stubbed({ height: 1, executed: 1, finalized: 1 })
    const gate = new HeightGate({ onFinal, status: chain.status }, chain)
    const reads = Array.from({ length: WAITING_READS_MAX }, (_, i) => gate.reached(2 + (i % 2), 'read/behind'))
    expect(gate.size).toBe(WAITING_READS_MAX)
    await expect(gate.reached(9, 'read/behind')).rejects.toMatchObject({ problem: { code: 'replica/busy' } })
    await gate.reached(1, 'read/behind')
    chain.now.height = 2
    for (const listener of listeners) listener({} as FinalBlock)
    await Promise.all(reads.filter((_, i) => i % 2 === 0))
    expect(gate.size).toBe(WAITING_READS_MAX / 2)
    gate.close()
    await Promise.all(reads)
    expect(listeners.size).toBe(0)
  })

  it('and slow readers do not hold up ordered transactions', async () => {
    await network.append(0, 'first')
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    const path = `${urls[0]}/v1/state/${encodeURIComponent(KEY)}?minHeight=100000`
    const reads = Array.from({ length: 2_000 }, () =>
      fetch(path, { signal: controller.signal }).then(
        (response) => response.status,
        () => 0,
      ),
    )
    // Readers that send their requests and never read an answer.
    const streams = Array.from({ length: 50 }, () =>
      fetch(`${urls[0]}/v1/events?from=1`, { signal: controller.signal }).catch(() => undefined),
    )
    for (let i = 0; i < 20; i++) expect(await network.append(0, `entry ${i}`)).toMatchObject({ kind: 'final' })
    // None of the reads was answered meanwhile but by refusal or time-out.
    controller.abort()
    const statuses = new Set(await Promise.all(reads))
    expect([...statuses].every((status) => [0, 429, 503].includes(status))).toBe(true)
    await Promise.all(streams)
  })
})
