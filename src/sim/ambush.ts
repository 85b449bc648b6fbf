import type { ConsensusId, Regency, Signed } from '../types/index.js'
import type { Fault } from './fault.js'
import type { SimNetwork } from './network.js'
import type { Scheduler } from './scheduler.js'

/**
 * Waits for the first WRITE, or ACCEPT, of a new instance or regency. In that moment the target alone hears, and a little later it
 * alone is cut off: it holds a lock, or a decision, that nobody else knows of. Several in turn leave locks of several regencies, and
 * what a new regency must propose again is no matter of course (BFT-SMaRt's known defects began there).
 */
export class Ambush {
  readonly #network: SimNetwork
  readonly #scheduler: Scheduler
  readonly #note: (text: string) => void
  #armed: Fault | undefined
  #healed = true
  #struck: { readonly cid: ConsensusId; readonly regency: Regency } = { cid: 0, regency: 0 }

  constructor(network: SimNetwork, scheduler: Scheduler, note: (text: string) => void) {
    this.#network = network
    this.#scheduler = scheduler
    this.#note = note
  }

  arm(fault: Fault): void {
    this.#armed = fault
  }

  /** Its time is over, whether or not it was sprung. */
  disarm(fault: Fault): void {
    if (this.#armed === fault) this.#armed = undefined
  }

  /** Nothing is cut any more. */
  heal(): void {
    this.#armed = undefined
    this.#healed = true
    this.#network.heal()
  }

  /** A message that some machine just let out. */
  heard({ message }: Signed): void {
    const fault = this.#armed
    if (fault === undefined || (message.kind !== 'write' && message.kind !== 'accept')) return
    if ((message.kind === 'accept') !== (fault.parameters.accept === 1)) return
    const { cid, regency } = message
    if (regency <= this.#struck.regency && cid <= this.#struck.cid) return
    this.#armed = undefined
    this.#healed = false
    const [target = 0] = fault.targets
    this.#note(`sprung on r${target} by ${message.kind.toUpperCase()} ${cid}@${regency}`)
    this.#network.heal()
    this.#network.cutAllBut(target)
    const struck = { cid, regency }
    this.#struck = struck
    this.#scheduler.after(fault.parameters.holdMs ?? 0, () => {
      // Another one, or a heal, came in between.
      if (this.#struck !== struck || this.#healed) return
      this.#network.heal()
      this.#network.cutOff([target])
    })
  }
}
