import { randomBytes } from 'node:crypto'
import { toHex } from '../base/bytes.js'
import type { KeyRing, Signer } from '../ports.js'
import { type ReplicaKeys, replaceReplicaKeys } from './keystore.js'
import { createSigner, ed25519PublicKey } from './signer.js'

interface Held {
  readonly seed: Uint8Array
  readonly publicKey: string
  readonly signer: Signer
}

/** The consensus keys of a key file, oldest first; the file is rewritten whenever they change. */
export class FileKeyRing implements KeyRing {
  readonly #path: string
  readonly #transportSeed: Uint8Array
  #keys: readonly Held[]
  #erased: number
  /** Keys that views name, so that the next one is another. */
  #named: ReadonlySet<string> = new Set()

  constructor(path: string, keys: ReplicaKeys) {
    this.#path = path
    this.#transportSeed = keys.transportSeed
    this.#keys = keys.consensusSeeds.map(held)
    this.#erased = keys.erased
  }

  signer(publicKey: string): Signer | undefined {
    return this.#keys.find((key) => key.publicKey === publicKey)?.signer
  }

  next(): string {
    const last = this.#keys.at(-1)
    if (last !== undefined && !this.#named.has(last.publicKey)) return last.publicKey
    const made = held(randomBytes(32))
    this.#keys = [...this.#keys, made]
    this.#write()
    return made.publicKey
  }

  /** Erases what is older than the oldest of these that is held: a replica that lost its ledger does not know its newest ones. */
  retain(publicKeys: readonly string[]): void {
    this.#named = new Set(publicKeys)
    const oldest = this.#keys.findIndex(({ publicKey }) => this.#named.has(publicKey))
    if (oldest <= 0) return
    for (const { seed } of this.#keys.slice(0, oldest)) seed.fill(0)
    this.#keys = this.#keys.slice(oldest)
    this.#erased += oldest
    this.#write()
  }

  #write(): void {
    replaceReplicaKeys(this.#path, {
      consensusSeeds: this.#keys.map(({ seed }) => seed),
      transportSeed: this.#transportSeed,
      erased: this.#erased,
    })
  }
}

function held(seed: Uint8Array): Held {
  return { seed, publicKey: toHex(ed25519PublicKey(seed)), signer: createSigner(seed) }
}
