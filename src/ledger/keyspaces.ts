import { toHex } from '../base/bytes.js'
import type { Digest, Height } from '../types/index.js'

/**
 * Every key space of the database: one byte of prefix, then what is named here. Heights are u64 big-endian, so that
 * keys sort by height. A prefix that goes out of use stays in this list as retired and is never given out again.
 * Every value ends with a checksum (rows.ts).
 */
const PREFIXES = {
  /**
   * name -> `format`: u32 format version, network id (32); `tip`: u64 height, header hash (32); `oldest`: u64 first height
   * whose block is whole, u64 first height whose header is here (both 1 when absent); `install`: u64 first height of the
   * blocks, then the encoded manifest of a snapshot that is being installed, absent otherwise.
   */
  meta: 'm',
  /** height -> encoded BlockHeader, as hashed. */
  header: 'h',
  /** height -> encoded BlockBody. Genesis has none. */
  body: 'b',
  /** height -> the block's encoded receipts in order, each after its u32 length. Genesis has none. */
  receipts: 'r',
  // 'd' is retired. Up to format 2: height -> encoded decision certificate.
  /** height -> encoded certificate of finality. A height without one is covered by the next that has one; the tip has one. */
  certificate: 'f',
  /** transaction id (32) -> u64 height, u32 index among the executed transactions of the block. */
  transaction: 'x',
  /** contract state key, UTF-8 -> its value. */
  state: 's',
  /** path of a page of the state tree, one hexadecimal character for each 4 levels -> the page (state-page.ts). */
  tree: 't',
  /** SHA-256 of a state key, as in the tree (32) -> the key: rows of a subtree are found by it. */
  stateHash: 'k',
  /** path ':' slot in hexadecimal, of a chunk of a snapshot that is being pulled -> encoded StateChunk. */
  chunk: 'c',
  /** height -> encoded WholeBlock of a snapshot that is being pulled. */
  pulled: 'p',
} as const

export type KeySpace = keyof typeof PREFIXES

/** Key spaces whose keys are a height. */
export type HeightSpace = 'header' | 'body' | 'receipts' | 'certificate' | 'pulled'

export const KEY_SPACES = Object.keys(PREFIXES) as readonly KeySpace[]

const CODES = Object.fromEntries(
  Object.entries(PREFIXES).map(([space, prefix]) => [space, prefix.charCodeAt(0)]),
) as Readonly<Record<KeySpace, number>>

const SPACE_OF_CODE = new Map(KEY_SPACES.map((space) => [CODES[space], space]))

const HEIGHT_LENGTH = 8

export function writeHeight(target: Buffer, height: Height, at: number): void {
  target.writeUInt32BE(Math.floor(height / 0x1_0000_0000), at)
  target.writeUInt32BE(height % 0x1_0000_0000, at + 4)
}

export function readHeight(source: Buffer, at: number): Height {
  return source.readUInt32BE(at) * 0x1_0000_0000 + source.readUInt32BE(at + 4)
}

function textKey(space: KeySpace, text: string, encoding: 'utf8' | 'latin1'): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(text, encoding))
  key[0] = CODES[space]
  key.write(text, 1, encoding)
  return key
}

export const metaKey = (name: 'format' | 'tip' | 'oldest' | 'install' | 'views'): Buffer =>
  textKey('meta', name, 'latin1')
export const stateKey = (key: string): Buffer => textKey('state', key, 'utf8')
export const treeKey = (path: string): Buffer => textKey('tree', path, 'latin1')
export const chunkKey = (name: string): Buffer => textKey('chunk', name, 'latin1')

export function stateHashKey(keyHash: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(1 + keyHash.length)
  key[0] = CODES.stateHash
  key.set(keyHash, 1)
  return key
}

/** Bounds of the state keys whose hash is in a subtree. */
export function stateHashRange(path: string): { readonly gte: Buffer; readonly lte: Buffer } {
  const bound = (fill: string) => stateHashKey(Buffer.from(path.padEnd(64, fill), 'hex'))
  return { gte: bound('0'), lte: bound('f') }
}

export function heightKey(space: HeightSpace, height: Height): Buffer {
  const key = Buffer.allocUnsafe(1 + HEIGHT_LENGTH)
  key[0] = CODES[space]
  writeHeight(key, height, 1)
  return key
}

export function transactionKey(id: Digest): Buffer {
  const key = Buffer.allocUnsafe(33)
  key[0] = CODES.transaction
  key.write(id, 1, 'hex')
  return key
}

/** What follows the prefix, of a key whose rest is text. */
export const keyText = (key: Buffer): string => key.toString('utf8', 1)

/** Bounds of a whole key space, for iterators. */
export function spaceRange(space: KeySpace): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: Buffer.of(CODES[space]), lt: Buffer.of(CODES[space] + 1) }
}

/** Bounds of the rows by height from one height up to, and without, another. */
export function heightRange(
  space: HeightSpace,
  from: Height,
  below: Height,
): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: heightKey(space, from), lt: heightKey(space, below) }
}

/** Bounds of the state keys that start with a prefix: no byte of UTF-8 is 0xff. */
export function statePrefixRange(prefix: string): { readonly gte: Buffer; readonly lt: Buffer } {
  const gte = stateKey(prefix)
  return { gte, lt: Buffer.concat([gte, Buffer.of(0xff)]) }
}

export interface KeyDescription {
  readonly space: KeySpace | undefined
  /** For people: the key space and what the key names in it. */
  readonly text: string
  /** Of the key spaces by height. */
  readonly height?: Height
}

export function describeKey(key: Buffer): KeyDescription {
  const space = SPACE_OF_CODE.get(key[0] ?? 0)
  switch (space) {
    case undefined:
      return { space, text: `unknown key ${toHex(key)}` }
    case 'meta':
    case 'state':
      return { space, text: `${space} row "${keyText(key)}"` }
    case 'tree':
      return { space, text: key.length === 1 ? 'tree root page' : `tree page ${keyText(key)}` }
    case 'chunk':
      return { space, text: `pulled chunk ${keyText(key)}` }
    case 'stateHash':
      return { space, text: `state hash row ${toHex(key.subarray(1))}` }
    case 'transaction':
      return { space, text: `transaction row ${toHex(key.subarray(1))}` }
    case 'header':
    case 'body':
    case 'receipts':
    case 'certificate':
    case 'pulled': {
      if (key.length !== 1 + HEIGHT_LENGTH) return { space, text: `${space} row ${toHex(key)}` }
      const height = readHeight(key, 1)
      return { space, text: `${space} row at height ${height}`, height }
    }
  }
}
