/**
 * What instruments sign for etalon: the UTF-8 bytes of these texts. Fields stand on lines of their own and none but the last can hold a line
 * break, so that no two meanings share a text.
 */

/**
 * Proof that whoever brings a key has its private half. It is of no use to anybody else who reads it on its way.
 * @param organization that brings the key
 * @param key as the record names it: uncompressed point, or Ed25519 key, hexadecimal
 */
export function possessionStatement(organization: string, instrument: string, key: string): string {
  return `etalon pki possession 2\n${organization}\n${instrument}\n${key}`
}

/** With it the old key passes its office on to the new one. @param key the new key, as the record will name it */
export function rotationStatement(instrument: string, key: string): string {
  return `etalon pki rotation 1\n${instrument}\n${key}`
}

/** A record of the format `etalon-1`: bound to the instrument and its counter, so it counts once. */
export function recordStatement(instrument: string, counter: number, message: string): string {
  return `etalon pki record 1\n${instrument}\n${counter}\n${message}`
}

/** A record of the format `etalon-2`: its time and the state of the clock are signed as well. */
export function timedRecordStatement(
  instrument: string,
  counter: number,
  timeMs: number,
  clock: string,
  message: string,
): string {
  return `etalon pki record 2\n${instrument}\n${counter}\n${timeMs}\n${clock}\n${message}`
}

/** A batch: the root of the RFC 6962 tree over the leaves of its records, in the order of their counters. */
export interface BatchStatement {
  readonly instrument: string
  readonly firstCounter: number
  readonly lastCounter: number
  readonly count: number
  /** Hexadecimal. */
  readonly root: string
}

export function batchStatement({ instrument, firstCounter, lastCounter, count, root }: BatchStatement): string {
  return `etalon pki batch 1\n${instrument}\n${firstCounter}\n${lastCounter}\n${count}\n${root}`
}

/** A record as it goes into a batch. */
export interface LeafRecord {
  readonly format: string
  readonly message: string
  readonly signature?: string | undefined
  readonly counter?: number | undefined
  readonly timeMs?: number | undefined
  readonly clock?: string | undefined
}

/** What a leaf of a batch's tree holds (hashed as RFC 6962 says); what a record does not have is left empty. */
export function leafStatement({ format, message, signature = '', counter, timeMs, clock = '' }: LeafRecord): string {
  return `etalon pki leaf 1\n${format}\n${counter ?? ''}\n${timeMs ?? ''}\n${clock}\n${signature}\n${message}`
}
