/**
 * A seeded generator (xoshiro128**, Blackman and Vigna 2018) for tests, simulations and demo worlds.
 * Not for keys or nonces.
 */
export class Random {
  readonly #s: Uint32Array

  constructor(seed: number) {
    this.#s = new Uint32Array(4)
    let state = seed >>> 0
    for (let i = 0; i < 4; i++) {
      // splitmix32 spreads small seeds over the whole state
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.#s[i] = (z ^ (z >>> 15)) >>> 0
    }
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const s = this.#s as unknown as [number, number, number, number]
    const x = Math.imul(s[1], 5)
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0
    const t = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = (s[3] << 11) | (s[3] >>> 21)
    return result
  }

  /** Uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() / 0x1_0000_0000 < probability
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff)
  }
}
