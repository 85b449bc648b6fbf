import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  defaultKey,
  type InstrumentRecord,
  invalidSinceMs,
  type KeyStatus,
  standingOf,
  statusAt,
} from '../../src/formats/pki-status.js'
import { MeterChain, testKey } from './pki-support.js'

/**
 * `statusAt` over random lives of an instrument, against an oracle that knows only what was done, when, and since when: it asks for each
 * command by itself whether it holds at the point asked about, and never looks at the record.
 */

/** A command that was carried out. */
interface Done {
  readonly what: 'key' | 'endorse' | 'suspend' | 'resume' | 'revoke' | 'retire' | 'break' | 'renew'
  readonly key: number | null
  readonly height: number
  readonly timeMs: number
  readonly sinceMs: number
  /** Of a new key. */
  readonly untilMs?: number
  readonly active?: boolean
  readonly usage?: string
}

const NEEDED = 2

function oracle(log: readonly Done[], key: number, timeMs: number, knownAt: number): KeyStatus {
  const of = (what: Done['what'], scope: number | null) =>
    log.filter((it) => it.what === what && it.key === scope && it.height <= knownAt)
  const effective = (what: Done['what']) => of(what, key).filter(({ sinceMs }) => sinceMs <= timeMs)
  const [birth] = effective('key')
  if (birth === undefined) return 'unknown'
  if (effective('revoke').length > 0) return 'revoked'
  if (effective('retire').length > 0) return 'retired'
  if (birth.active !== true && effective('endorse').length < NEEDED) return 'proposed'
  if (birth.untilMs !== undefined && timeMs >= birth.untilMs) return 'expired'
  /** An interval from each beginning to the first end that was carried out after it. */
  const within = (begin: Done['what'], end: Done['what'], scope: number | null) =>
    of(begin, scope).some((start) => {
      const stop = of(end, scope).find((it) => log.indexOf(it) > log.indexOf(start))
      return start.sinceMs <= timeMs && (stop === undefined || timeMs < stop.sinceMs)
    })
  if (within('suspend', 'resume', null) || within('suspend', 'resume', key)) return 'suspended'
  return birth.usage === 'measure' && within('break', 'renew', null) ? 'seal-broken' : 'active'
}

const KEYS = Array.from({ length: 8 }, (_, i) => testKey('ed25519', 200 + i))

/** One step: what, on which key, how far back it reaches, and whether blocks pass before it. */
const step = fc.record({
  what: fc.constantFrom(
    'endorse',
    'suspend',
    'resume',
    'revoke',
    'retire',
    'break',
    'renew',
    'rotate',
    'emergency',
    'add',
    'addTls',
  ),
  key: fc.constantFrom(1, 1, 2, 3, null),
  back: fc.constantFrom(0, 0, 500, 1_000, 3_700, 10_000),
  from: fc.constantFrom('inmetro', 'body', 'ptb'),
  pause: fc.nat(2),
  until: fc.constantFrom(undefined, undefined, 3_500, 9_000),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Plays a step; tells the oracle what was done, where it was. */
function play(chain: MeterChain, { what, key, back, from, pause, until }: Step, log: Done[], keys: number[]): void {
  for (let i = 0; i < pause; i++) chain.block()
  const at = () => ({ height: chain.height, timeMs: chain.timeMs, sinceMs: chain.timeMs })
  const sinceMs = Math.max(0, chain.timeMs + 1_000 - back)
  const number = key ?? 1
  const scope = key === null ? {} : { key }
  const validity = until === undefined ? {} : { validUntilMs: chain.timeMs + until }
  const birth = (index: number, active: boolean, usage: string) => {
    keys.push(index)
    const untilMs = validity.validUntilMs
    log.push({ what: 'key', key: keys.length, ...at(), active, usage, ...(untilMs === undefined ? {} : { untilMs }) })
  }
  const fresh = KEYS[keys.length]
  const old = KEYS[keys[number - 1] ?? 0]
  const usageOf = (of: number) => log.find((it) => it.what === 'key' && it.key === of)?.usage ?? ''
  switch (what) {
    case 'endorse':
      if (chain.send('pki.endorse', { from, args: { instrument: 'm', key: number } }).code === '')
        log.push({ what: 'endorse', key: number, ...at() })
      break
    case 'suspend':
      if (chain.suspend('m', { ...scope, sinceMs }, from).code === '') log.push({ what, key, ...at(), sinceMs })
      break
    case 'resume':
      if (chain.resume('m', scope, from).code === '') log.push({ what, key, ...at() })
      break
    case 'revoke':
      if (chain.withdraw('m', sinceMs, { key: number }).code === '') log.push({ what, key: number, ...at(), sinceMs })
      break
    case 'retire':
      if (chain.retire('m', { key: number }).code === '') log.push({ what, key: number, ...at() })
      break
    case 'break':
      if (chain.breakSeal('m', { sinceMs }).code === '') log.push({ what, key: null, ...at(), sinceMs })
      break
    case 'renew':
      if (chain.renewSeal('m', ['S'], from).code === '') log.push({ what, key: null, ...at() })
      break
    case 'rotate':
      if (fresh === undefined || old === undefined) break
      if (chain.rotate('m', old, fresh, { key: number, ...validity }).code === '') {
        log.push({ what: 'retire', key: number, ...at() })
        birth(KEYS.indexOf(fresh), true, usageOf(number))
      }
      break
    case 'emergency':
      if (fresh === undefined) break
      {
        const wasRevoked = log.some((it) => it.what === 'revoke' && it.key === number)
        if (chain.emergencyRotate('m', fresh, sinceMs, { key: number, ...validity }).code === '') {
          if (!wasRevoked) log.push({ what: 'revoke', key: number, ...at(), sinceMs })
          birth(KEYS.indexOf(fresh), true, usageOf(number))
        }
      }
      break
    default: {
      if (fresh === undefined) break
      const usage = what === 'add' ? 'measure' : 'tls'
      if (chain.addKey('m', fresh, { usages: [usage], ...validity }).code === '')
        birth(KEYS.indexOf(fresh), false, usage)
    }
  }
}

const recordOf = (chain: MeterChain): InstrumentRecord =>
  JSON.parse(new TextDecoder().decode(chain.state.get('pki/instruments/m'))) as InstrumentRecord

describe('statusAt', () => {
  it('is what an oracle finds that replays the commands, at every time and every height of knowledge', () => {
    const seen = new Set<KeyStatus>()
    fc.assert(
      fc.property(fc.array(step, { maxLength: 24 }), (steps) => {
        const chain = new MeterChain()
        const log: Done[] = []
        const keys: number[] = [0]
        chain.register('m', KEYS[0] as never)
        log.push({ what: 'key', key: 1, height: 1, timeMs: 2_000, sinceMs: 2_000, active: false, usage: 'measure' })
        for (const from of ['inmetro', 'body']) {
          chain.send('pki.endorse', { from, args: { instrument: 'm' } })
          log.push({ what: 'endorse', key: 1, height: chain.height, timeMs: chain.timeMs, sinceMs: chain.timeMs })
        }
        for (const one of steps) play(chain, one, log, keys)
        expect(chain.faults).toEqual([])
        const record = recordOf(chain)
        expect(record.keys).toHaveLength(keys.length)
        const times = new Set(
          log.flatMap(({ timeMs, sinceMs, untilMs = 0 }) => [timeMs, sinceMs, untilMs].flatMap((t) => [t - 1, t])),
        )
        for (let key = 1; key <= keys.length + 1; key++) {
          for (const timeMs of [...times, 0, chain.timeMs + 20_000].filter((t) => t >= 0)) {
            for (let known = 0; known <= chain.height + 1; known++) {
              const expected = oracle(log, key, timeMs, known)
              seen.add(expected)
              const actual = statusAt(record, key, timeMs, known)
              if (actual !== expected)
                expect({ key, timeMs, known, actual, log }).toEqual({ key, timeMs, known, actual: expected, log })
            }
          }
        }
      }),
      { numRuns: 100 },
    )
    expect([...seen].sort()).toEqual(
      ['active', 'expired', 'proposed', 'retired', 'revoked', 'seal-broken', 'suspended', 'unknown'].sort(),
    )
  }, 60_000)

  it('never changes for a height of knowledge, whatever is learnt later', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 12 }), (steps) => {
        const chain = new MeterChain()
        chain.enliven('m', KEYS[0] as never)
        const log: Done[] = []
        const keys = [0]
        const half = Math.floor(steps.length / 2)
        for (const one of steps.slice(0, half)) play(chain, one, log, keys)
        const [before, known, at] = [recordOf(chain), chain.height, chain.timeMs]
        for (const one of steps.slice(half)) play(chain, one, log, keys)
        const after = recordOf(chain)
        for (const { number } of before.keys) {
          for (let timeMs = 0; timeMs < at + 5_000; timeMs += 500) {
            expect(statusAt(after, number, timeMs, known)).toBe(statusAt(before, number, timeMs, known))
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)
})

describe('which key is meant', () => {
  it('is the newest measuring key that is not over, else the newest measuring key, else the newest', () => {
    const chain = new MeterChain()
    chain.enliven('m', KEYS[0] as never)
    expect(defaultKey(recordOf(chain))).toBe(1)
    chain.addKey('m', KEYS[1] as never, { usages: ['tls'] })
    expect(defaultKey(recordOf(chain))).toBe(1)
    chain.rotate('m', KEYS[0] as never, KEYS[2] as never)
    expect(defaultKey(recordOf(chain))).toBe(3)
    chain.withdraw('m', 0, { key: 3 })
    expect(defaultKey(recordOf(chain))).toBe(3)
    chain.register('t', KEYS[4] as never, { usages: ['tls', 'config'] })
    const other = JSON.parse(new TextDecoder().decode(chain.state.get('pki/instruments/t'))) as InstrumentRecord
    expect([defaultKey(other), defaultKey(other, 'config')]).toEqual([1, 1])
    expect(other.keys[0]?.usages).toEqual(['config', 'tls'])
    expect(standingOf(other, 2)).toBe('unknown')
    expect(invalidSinceMs(recordOf(chain), 3)).toBe(0)
    expect(invalidSinceMs(recordOf(chain), 1)).toBeUndefined()
  })
})
