import { describe, expect, it } from 'vitest'
import { TransportCounters } from '../../src/p2p/counters.js'
import { DEFAULT_LIMITS } from '../../src/p2p/limits.js'
import { PendingGate, type PendingSocket } from '../../src/p2p/pending-gate.js'

const LIMITS = {
  ...DEFAULT_LIMITS,
  pendingStrangersMax: 3,
  pendingPerPeerHostMax: 2,
  strangersPerSecondMax: 10,
  strangerHostPerSecondMax: 5,
}

function setup() {
  const counters = new TransportCounters()
  const time = { nowMs: 0 }
  const gate = new PendingGate(LIMITS, counters, () => time.nowMs)
  const cut: PendingSocket[] = []
  const socket = (host: string): PendingSocket => {
    const made: PendingSocket = {
      host,
      abort() {
        cut.push(made)
        gate.closed(made)
      },
    }
    return made
  }
  return {
    gate,
    counters,
    time,
    cut,
    socket,
    count: (name: 'socketRate' | 'pendingSocket' | 'handshake') => counters.snapshot()[`refused.${name}`],
  }
}

describe('PendingGate', () => {
  it('cuts the oldest stranger to make room for the next', () => {
    const { gate, cut, socket, count } = setup()
    const sockets = ['a', 'b', 'c', 'd', 'e'].map(socket)
    expect(sockets.map((s) => gate.admit(s))).toEqual([true, true, true, true, true])
    expect(cut).toEqual(sockets.slice(0, 2))
    expect([count('pendingSocket'), count('handshake')]).toEqual([2, 0])
  })

  it('keeps places for the hosts of peers', () => {
    const { gate, cut, socket } = setup()
    gate.setPeerHosts(new Set(['p', 'q']))
    const peers = [socket('p'), socket('p'), socket('q')]
    for (const peer of peers) gate.admit(peer)
    for (let i = 0; i < 5; i++) gate.admit(socket(`s${i}`))
    expect(cut.map(({ host }) => host)).toEqual(['s0', 's1'])
    gate.admit(socket('p'))
    expect(cut.at(-1)).toBe(peers[0])
  })

  it('frees the place of a socket that proved a key', () => {
    const { gate, cut, socket, count } = setup()
    for (let i = 0; i < 9; i++) {
      const stranger = socket(`s${i}`)
      gate.admit(stranger)
      gate.settled(stranger)
      gate.closed(stranger)
    }
    expect(cut).toEqual([])
    expect(count('handshake')).toBe(0)
  })

  it('counts sockets that close without a key', () => {
    const { gate, socket, count } = setup()
    const stranger = socket('s')
    gate.admit(stranger)
    gate.closed(stranger)
    gate.closed(stranger)
    expect(count('handshake')).toBe(1)
  })

  it('bounds strangers per second, each host and all together, but not peers', () => {
    const { gate, time, socket, count } = setup()
    const admitted = (host: string, times: number): number =>
      Array.from({ length: times }, () => gate.admit(socket(host))).filter(Boolean).length
    expect(admitted('a', 8)).toBe(5)
    expect(admitted('b', 4)).toBe(4)
    expect(admitted('c', 4)).toBe(1)
    gate.setPeerHosts(new Set(['p']))
    expect(admitted('p', 20)).toBe(20)
    expect(count('socketRate')).toBe(6)
    time.nowMs = 1_000
    expect(admitted('a', 8)).toBe(5)
  })
})
