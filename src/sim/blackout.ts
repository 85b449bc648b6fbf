import { decodeEnvelope } from '../codec/consensus.js'
import { decodeFrame, type Frame } from '../codec/frame.js'
import type { CodecContext } from '../codec/transaction.js'
import type { MessageKind, Signed } from '../types/index.js'
import type { Fault } from './fault.js'
import type { Machine } from './machine.js'
import type { Address } from './network.js'
import type { World } from './world.js'

/** What the lone one still says: nothing that proves a height final. */
const HARMLESS: readonly MessageKind[] = ['propose', 'write']
const PROOFS: readonly Frame['kind'][] = ['certificate', 'status', 'reply', 'snapshot-reply', 'installation']

/**
 * Lets one machine alone hear ACCEPTs, and waits until several heights are executed and accepted at the others and final at none of them. Then the
 * others lose power: what they hold of those heights is what was synced. The lone one, which knows the certificates, is cut off. What the others decide
 * when they are back must be what it has decided.
 */
export class Blackout {
  readonly #world: World
  readonly #codec: CodecContext
  #armed: Fault | undefined
  #struck: readonly Machine[] = []

  constructor(world: World, codec: CodecContext) {
    this.#world = world
    this.#codec = codec
  }

  arm(fault: Fault): void {
    const [lone = 0] = fault.targets
    this.#armed = fault
    this.#world.network.withhold = (from, to, frame) => this.#withholds(lone, from, to, frame)
  }

  /** Its time is over, whether or not it struck: whom it struck has power again. */
  disarm(fault: Fault): void {
    if (fault.kind !== 'blackout') return
    this.#release(fault)
    for (const machine of this.#struck) this.#world.start(machine)
    this.#struck = []
  }

  heal(): void {
    if (this.#armed !== undefined) this.#release(this.#armed)
    this.#struck = []
  }

  /** A message that some machine just let out. */
  heard({ message }: Signed): void {
    const fault = this.#armed
    if (fault === undefined || message.kind !== 'accept') return
    const { depth = 2, holdMs = 0 } = fault.parameters
    const [lone = 0] = fault.targets
    if (!this.#isRipe(lone, depth)) return
    // The last ACCEPTs are still on their way to the lone one.
    this.#world.scheduler.after(holdMs, () => {
      if (this.#armed === fault) this.#strike(fault, lone)
    })
  }

  #isRipe(lone: Address, depth: number): boolean {
    const others = this.#others(lone).filter(({ running }) => running !== undefined)
    const deep = others.filter(({ running }) => {
      const { executed, finalized } = running?.replica.status() ?? { executed: 0, finalized: 0 }
      return executed - finalized >= depth
    })
    return deep.length > 0 && 2 * deep.length >= others.length
  }

  #strike(fault: Fault, lone: Address): void {
    const world = this.#world
    this.#release(fault)
    const others = this.#others(lone)
    const standing = world.machine(lone).running?.replica.status()
    world.count('blackouts')
    world.note(-1, 'blackout', `all but r${lone}, which has ${standing?.finalized} final`)
    if (fault.parameters.lone === 1) world.network.cutOff([lone])
    for (const machine of others) world.losePower(machine)
    this.#struck = others
  }

  #release(fault: Fault): void {
    if (this.#armed !== fault) return
    this.#armed = undefined
    this.#world.network.withhold = undefined
  }

  #others = (lone: Address): readonly Machine[] =>
    this.#world.machines.filter(({ address, gone }) => address !== lone && !gone)

  #withholds(lone: Address, from: Address, to: Address, bytes: Uint8Array): boolean {
    if (to === lone) return false
    const frame = decodeFrame(this.#codec.sha256, bytes)
    if (frame === undefined) return false
    if (frame.kind !== 'envelope') return from === lone && PROOFS.includes(frame.kind)
    const kind = decodeEnvelope(this.#codec, frame.bytes)?.signed.message.kind
    if (kind === undefined || kind === 'accept') return true
    return from === lone && !HARMLESS.includes(kind)
  }
}
