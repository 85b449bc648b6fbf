import { toHex, utf8 } from '../base/bytes.js'
import { transactionId, transactionStatement } from '../codec/statements.js'
import { encodeTransaction, encodeTransactionBody } from '../codec/transaction.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { Authentication, Digest, TimeMs } from '../types/index.js'
import type { ClientSigner } from './keys.js'

/** Who the client is: a member with a key of its own, or a client that its organization's replica vouches for. */
export type Identity =
  | { readonly organization: string; readonly signer: ClientSigner }
  | { readonly organization: string; readonly client: string }

export interface Call {
  readonly contract: string
  readonly method: string
  /** JSON of the method's schema. */
  readonly args: unknown
  /** Block time until which it may be executed. */
  readonly validUntilMs: TimeMs
}

export interface EncodedTransaction {
  readonly id: Digest
  readonly bytes: Uint8Array
}

const NONCE_BYTES = 12
const NO_SIGNATURE = new Uint8Array(0)

/** Asking for randomness costs far more than its bytes, so nonces are cut from a supply. */
const supply = new Uint8Array(NONCE_BYTES * 256)
let used = supply.length

function nextNonce(): Uint8Array {
  if (used === supply.length) {
    globalThis.crypto.getRandomValues(supply)
    used = 0
  }
  used += NONCE_BYTES
  return supply.slice(used - NONCE_BYTES, used)
}

/** Encodes a call and, for a member, signs it. The same bytes may be submitted to any replica, any number of times. */
export function encodeCall(
  network: { readonly networkId: Uint8Array; readonly sha256: CryptoSuite['sha256'] },
  identity: Identity,
  call: Call,
): EncodedTransaction | Promise<EncodedTransaction> {
  const authentication: Authentication =
    'signer' in identity
      ? { mode: 'signed', keyType: identity.signer.keyType, publicKey: identity.signer.publicKey }
      : { mode: 'vouched', client: identity.client }
  const body = encodeTransactionBody(network.networkId, {
    organization: identity.organization,
    authentication,
    contract: call.contract,
    method: call.method,
    args: utf8(JSON.stringify(call.args)),
    validUntilMs: call.validUntilMs,
    nonce: nextNonce(),
  })
  const id = transactionId(network.sha256, network.networkId, body)
  const sealed = (signature: Uint8Array): EncodedTransaction => ({
    id: toHex(id),
    bytes: encodeTransaction(body, signature),
  })
  if (!('signer' in identity)) return sealed(NO_SIGNATURE)
  const signature = identity.signer.sign(transactionStatement(id))
  return signature instanceof Promise ? signature.then(sealed) : sealed(signature)
}
