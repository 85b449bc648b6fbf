import type { Signed } from '../types/index.js'
import type { Machine } from './machine.js'
import type { Address } from './network.js'

/** Counters of a replica that tell of something rare; each stands in the next state that is looked at. */
const RARE_COUNTERS = [
  'compactions',
  'rollbacks',
  'regency-changes',
  'blocks-from-peers',
  'snapshot.installed',
  'ledger-rolled-back',
]

/**
 * The states of the core that a history has met, one short text each: what a replica says of itself, which locks it named last, and what it counted since the
 * last look. Batches count and print them, and histories that reached new ones are the seeds of others (corpus.ts).
 */
export class Coverage {
  readonly #met = new Set<string>()
  readonly #locks = new Map<Address, string>()
  readonly #rare = new Map<Address, Set<string>>()

  get states(): readonly string[] {
    return [...this.#met].sort()
  }

  counted({ address }: Machine, name: string): void {
    if (!RARE_COUNTERS.includes(name)) return
    const rare = this.#rare.get(address) ?? new Set()
    rare.add(name)
    this.#rare.set(address, rare)
  }

  /** A replica leaves a regency: what it is bound to is part of its state from now on. */
  spoke(machine: Machine, { message }: Signed): void {
    if (message.kind === 'stop-data') {
      const { base, locks, regency } = message
      const regencies = new Set(locks.map((lock) => lock.regency))
      const isGapped = locks.some(({ cid }, at) => cid !== base.height + 1 + at)
      const others = base.regency !== 0 && base.regency !== regency - 1 ? ' old base' : ''
      const text = `locks ${bucket(locks.length)} of ${regencies.size}${isGapped ? ' gapped' : ''}${others}`
      this.#locks.set(machine.address, text)
    } else if (message.kind !== 'sync') return
    this.look(machine)
  }

  look({ address, running }: Machine): void {
    if (running === undefined) return
    const status = running.replica.status()
    const { phase, silent = 'votes', openInstances, executed, finalized, regency, view } = status
    const rare = [...(this.#rare.get(address) ?? [])].sort()
    this.#rare.delete(address)
    const parts = [
      phase,
      silent,
      `open ${bucket(openInstances)}`,
      `ahead ${bucket(executed - finalized)}`,
      `regency ${bucket(regency)}`,
      `view ${view > 0 ? 'later' : 'first'}`,
      this.#locks.get(address) ?? '',
      ...rare,
    ]
    this.#met.add(parts.filter((part) => part !== '').join(', '))
  }
}

/** 0, 1, 2, 4, 8 and more: a number in powers of two. */
const bucket = (count: number): number => (count < 2 ? count : 2 ** Math.min(4, Math.floor(Math.log2(count))))
