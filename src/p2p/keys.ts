import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { EtalonError } from '../base/errors.js'

/** Proves a replica to its peers when they connect. It signs handshakes only; votes have their own key. */
export type TransportKey = Ed25519PrivateKey

/** Length of a raw Ed25519 seed, bytes. */
const SEED_BYTES = 32

/** Makes a new key from the system's randomness. */
export function generateTransportKey(): Promise<TransportKey> {
  return generateKeyPair('Ed25519')
}

/** libp2p's protobuf form of a private key (68 bytes). Secret. */
export function encodeTransportKey(key: TransportKey): Uint8Array {
  return privateKeyToProtobuf(key)
}

/** The 32 bytes that the key can be made from again. Secret. */
export function transportKeySeed(key: TransportKey): Uint8Array {
  return key.raw.slice(0, SEED_BYTES)
}

/**
 * Reads a key from a raw seed of 32 bytes or from libp2p's protobuf form.
 *
 * @throws EtalonError `p2p/bad-transport-key` when the bytes are neither, or the key is not Ed25519
 */
export async function decodeTransportKey(bytes: Uint8Array): Promise<TransportKey> {
  if (bytes.length === SEED_BYTES) return await generateKeyPairFromSeed('Ed25519', bytes)
  let key: PrivateKey
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw badKey(`${bytes.length} bytes are neither a 32-byte seed nor a libp2p private key`, cause)
  }
  if (key.type !== 'Ed25519') throw badKey(`the key is of type ${key.type}, not Ed25519`)
  return key
}

/** The peer id that others know this key by, as it stands in the view. */
export function peerIdOf(key: TransportKey): string {
  return peerIdFromPrivateKey(key).toString()
}

/** Whether a text is a peer id that a transport key can have. */
export function isTransportPeerId(text: string): boolean {
  try {
    const peerId = peerIdFromString(text)
    return peerId.type === 'Ed25519' && peerId.toString() === text
  } catch {
    return false
  }
}

function badKey(message: string, cause?: unknown): EtalonError {
  const remedy =
    'Restore the transport key from its backup, or make a new one and have the view updated with its peer id.'
  return new EtalonError('p2p/bad-transport-key', `The transport key cannot be read: ${message}.`, remedy, { cause })
}
