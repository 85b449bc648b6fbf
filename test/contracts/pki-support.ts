import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256, sha384 } from '@noble/hashes/sha2.js'
import { concatBytes, toBase64, toHex, utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { CURVES, type EcdsaCurve } from '../../src/crypto/curves.js'
import { toBase64Url } from '../../src/formats/base64url.js'
import type { KeyCurve } from '../../src/formats/public-key.js'
import {
  type BatchStatement,
  batchStatement,
  possessionStatement,
  recordStatement,
  rotationStatement,
} from '../../src/formats/record-statements.js'
import { Chain, type Result } from './support.js'

export interface TestKey {
  readonly curve: KeyCurve
  /** As records name it. */
  readonly key: string
  readonly compressed: string
  /** In etalon's own scheme: base64, of ECDSA in DER. */
  sign(text: string): string
  /** r || s over a hash of another choice, or Ed25519. */
  signRaw(bytes: Uint8Array): Uint8Array
}

/** An instrument's key from a number: signatures are deterministic, so everything here replays. */
export function testKey(curve: KeyCurve, seed: number): TestKey {
  return curve === 'ed25519' ? edKey(seed) : ecKey(curve, seed)
}

function edKey(seed: number): TestKey {
  const secret = new Random(seed).bytes(32)
  const key = toHex(ed25519.getPublicKey(secret))
  const signRaw = (bytes: Uint8Array) => ed25519.sign(bytes, secret)
  return { curve: 'ed25519', key, compressed: key, signRaw, sign: (text) => toBase64(signRaw(utf8(text))) }
}

function ecKey(curve: EcdsaCurve, seed: number): TestKey {
  const noble = CURVES[curve].noble()
  const secret = noble.utils.randomSecretKey(new Random(seed).bytes(noble.lengths.seed ?? 72))
  const hash = CURVES[curve].bytes > 32 ? sha384 : sha256
  const sign = (bytes: Uint8Array, format: 'der' | 'compact') =>
    noble.sign(hash(bytes), secret, { prehash: false, lowS: false, format })
  return {
    curve,
    key: toHex(noble.getPublicKey(secret, false)),
    compressed: toHex(noble.getPublicKey(secret, true)),
    sign: (text) => toBase64(sign(utf8(text), 'der')),
    signRaw: (bytes) => sign(bytes, 'compact'),
  }
}

/** Arguments of a new key with its proof of possession, made for who brings it. */
export const newKey = (instrument: string, { key, curve, sign }: TestKey, from = 'maker') => ({
  publicKey: key,
  curve,
  possession: sign(possessionStatement(from, instrument, key)),
})

export function jwsOf(alg: string, key: TestKey, payload: string): string {
  const signed = `${toBase64Url(utf8(JSON.stringify({ alg })))}.${toBase64Url(utf8(payload))}`
  return `${signed}.${toBase64Url(key.signRaw(utf8(signed)))}`
}

/** A DER signature without the base64, for OCMF. */
export function ocmfOf(key: TestKey, algorithm: string, payload: object): string {
  const text = JSON.stringify(payload)
  return `OCMF|${text}|${JSON.stringify({ SA: algorithm, SE: 'base64', SD: key.sign(text) })}`
}

/** A chain with the verbs of an instrument's life; each gives the result of a block of its own. */
export class MeterChain extends Chain {
  #call(method: string, from: string, args: object): Result {
    return this.send(`pki.${method}`, { from, args })
  }

  register(instrument: string, key: TestKey, args: object = {}, from = 'maker'): Result {
    return this.#call('propose', from, { instrument, type: 'energy meter', ...newKey(instrument, key, from), ...args })
  }

  /** Registered and endorsed by as many as are needed. */
  enliven(instrument: string, key: TestKey, args: object = {}): void {
    this.register(instrument, key, args)
    this.endorseKey(instrument, 1)
  }

  endorseKey(instrument: string, key: number): void {
    for (const from of ['inmetro', 'body']) {
      const { code } = this.#call('endorse', from, { instrument, key })
      if (code !== '') throw new Error(code)
    }
  }

  addKey(instrument: string, key: TestKey, args: object = {}, from = 'maker'): Result {
    return this.#call('addKey', from, { instrument, ...newKey(instrument, key, from), ...args })
  }

  suspend(instrument: string, args: object = {}, from = 'body'): Result {
    return this.#call('suspend', from, { instrument, reason: 'under suspicion', ...args })
  }

  resume(instrument: string, args: object = {}, from = 'body'): Result {
    return this.#call('resume', from, { instrument, ...args })
  }

  withdraw(instrument: string, invalidSinceMs: number, args: object = {}, from = 'inmetro'): Result {
    return this.#call('revoke', from, { instrument, reason: 'key stolen', invalidSinceMs, ...args })
  }

  retire(instrument: string, args: object = {}, from = 'maker'): Result {
    return this.#call('retire', from, { instrument, ...args })
  }

  rotate(instrument: string, old: TestKey, key: TestKey, args: object = {}, from = 'maker'): Result {
    const coSignature = old.sign(rotationStatement(instrument, key.key))
    return this.#call('rotate', from, { instrument, ...newKey(instrument, key, from), coSignature, ...args })
  }

  emergencyRotate(
    instrument: string,
    key: TestKey,
    invalidSinceMs: number,
    args: object = {},
    from = 'inmetro',
  ): Result {
    const given = { instrument, ...newKey(instrument, key, from), reason: 'key stolen', invalidSinceMs, ...args }
    return this.#call('emergencyRotate', from, given)
  }

  breakSeal(instrument: string, args: object = {}, from = 'maker'): Result {
    return this.#call('breakSeal', from, { instrument, reason: 'repair', ...args })
  }

  renewSeal(instrument: string, seals: readonly string[] = ['S-2'], from = 'body'): Result {
    return this.#call('renewSeal', from, { instrument, seals })
  }

  approveType(approval: string, args: object = {}, from = 'ptb'): Result {
    const given = { approval, type: 'energy meter', manufacturer: 'maker', documentHash: 'ab'.repeat(32), ...args }
    return this.#call('approveType', from, given)
  }

  withdrawType(approval: string, from = 'ptb'): Result {
    return this.#call('withdrawType', from, { approval, reason: 'defect found' })
  }

  record(args: object, from = 'grid'): Result {
    return this.send('pki.anchor', { from, client: 'collector', args })
  }

  own(instrument: string, key: TestKey, counter: number, args: object = {}, from = 'grid'): Result {
    const signature = key.sign(recordStatement(instrument, counter, '42'))
    return this.record({ instrument, format: 'etalon-1', message: '42', counter, signature, ...args }, from)
  }

  batch(batch: BatchStatement, key: TestKey, args: object = {}, from = 'grid'): Result {
    const signature = key.sign(batchStatement(batch))
    return this.send('pki.anchorBatch', { from, client: 'collector', args: { ...batch, signature, ...args } })
  }

  /** A batch whose root is nobody's. */
  batchOf(instrument: string, firstCounter: number, lastCounter: number, count = lastCounter - firstCounter + 1) {
    return { instrument, firstCounter, lastCounter, count, root: toHex(sha256(concatBytes(utf8(`${firstCounter}`)))) }
  }
}
