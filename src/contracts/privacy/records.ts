import type { Height, TimeMs } from '../../types/index.js'

/** Where privacy keeps what, and the shape of it. Numbers modulo N and N² are lower-case hexadecimal of fixed length. */

export type Moment = { readonly height: Height; readonly timeMs: TimeMs }

/** A public key of Paillier. G is N + 1. */
export type PaillierKeyRecord = {
  readonly key: string
  readonly n: string
  readonly organization: string
  readonly registered: Moment
}

export type CohortRecord = {
  readonly cohort: string
  readonly key: string
  /** The key's owner, who alone closes and opens. */
  readonly organization: string
  readonly minimum: number
  /** Largest value of one contribution, in the unit. */
  readonly valueMax: number
  /** D-SI. */
  readonly unit: string
  readonly created: Moment
  readonly contributions: number
  /** Product of all ciphertexts modulo N². */
  readonly product: string
  readonly closed: Moment | null
  readonly opened: (Moment & { readonly sum: string; readonly randomness: string }) | null
}

export type ContributionRecord = Moment & { readonly ciphertextHash: string }

/** Powers that were computed in a block. */
export type WorkRecord = { readonly height: Height; readonly used: number }

/** X25519 key to which content keys are sealed. */
export type RecipientRecord = {
  readonly organization: string
  readonly member: string
  readonly publicKey: string
  /** From 1; each new key has the next one. */
  readonly version: number
  readonly registered: Moment
}

export type Holder = { readonly organization: string; readonly member: string }

export type DocumentRecord = {
  readonly document: string
  readonly organization: string
  readonly member: string
  /** SHA-256 of the ciphertext. */
  readonly ciphertextHash: string
  /** Root of the Merkle tree (RFC 6962) over the salted fields, and their number. */
  readonly root: string
  readonly fields: number
  readonly recipients: readonly (Holder & { readonly version: number })[]
  readonly published: Moment
  /** Who stated that it destroyed what opens the document. */
  readonly destroyed: readonly (Holder & Moment)[]
}

export const KEYS_PREFIX = 'keys/'
export const COHORTS_PREFIX = 'cohorts/'
export const DOCUMENTS_PREFIX = 'documents/'
export const WORK = 'work'
export const paillierKeyKey = (key: string): string => `${KEYS_PREFIX}${key}`
/** The value is the name of the key. @param hash SHA-256 of N */
export const modulusKey = (hash: string): string => `moduli/${hash}`
export const cohortKey = (cohort: string): string => `${COHORTS_PREFIX}${cohort}`
export const contributionKey = (cohort: string, meter: string): string => `contributions/${cohort}/${meter}`
export const recipientKey = (organization: string, member: string): string => `recipients/${organization}/${member}`
export const documentKey = (document: string): string => `${DOCUMENTS_PREFIX}${document}`

/** Who opens a document, each once: its publisher and the recipients. It is erased when all of them stated that they destroyed their keys. */
export function holdersOf({ organization, member, recipients }: DocumentRecord): readonly Holder[] {
  const all = [
    { organization, member },
    ...recipients.map((it) => ({ organization: it.organization, member: it.member })),
  ]
  const names = all.map((it) => `${it.organization}/${it.member}`)
  return all.filter((_, i) => names.indexOf(names[i] ?? '') === i)
}

export function isErased(record: DocumentRecord): boolean {
  return record.destroyed.length >= holdersOf(record).length
}

/** Full state keys for clients that read with proof. */
export const privacyKeys = {
  key: (key: string): string => `privacy/${paillierKeyKey(key)}`,
  cohort: (cohort: string): string => `privacy/${cohortKey(cohort)}`,
  recipient: (organization: string, member: string): string => `privacy/${recipientKey(organization, member)}`,
  document: (document: string): string => `privacy/${documentKey(document)}`,
}
