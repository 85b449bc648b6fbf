import type { KeyRing, Signer } from '../ports.js'
import type { SimCrypto, SimKey } from './crypto.js'

/** The consensus keys of a machine, one after another as its views demand; they outlive its processes, as a key file does. */
export class SimKeyRing implements KeyRing {
  readonly #crypto: SimCrypto
  readonly #name: string
  #keys: readonly SimKey[]
  #made = 1
  #named: readonly string[] = []

  constructor(crypto: SimCrypto, name: string) {
    this.#crypto = crypto
    this.#name = name
    this.#keys = [crypto.ed25519(name)]
  }

  signer(publicKey: string): Signer | undefined {
    return this.#keys.find((key) => key.publicKey === publicKey)
  }

  next(): string {
    const last = this.#keys.at(-1)
    if (last !== undefined && !this.#named.includes(last.publicKey)) return last.publicKey
    const made = this.#crypto.ed25519(`${this.#name} key ${this.#made}`)
    this.#made += 1
    this.#keys = [...this.#keys, made]
    return made.publicKey
  }

  retain(publicKeys: readonly string[]): void {
    this.#named = publicKeys
    const oldest = this.#keys.findIndex(({ publicKey }) => publicKeys.includes(publicKey))
    if (oldest > 0) this.#keys = this.#keys.slice(oldest)
  }
}
