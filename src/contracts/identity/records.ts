import type { KeyType, Member, Role } from '../../types/index.js'

/** Where identity keeps what, and the shape of it. The runtime reads these records to know callers. */

export const IDENTITY = 'identity'

/** Of an organization. */
export type OrganizationRecord = {
  readonly id: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Admins that are not retired. */
  readonly admins: number
  /** Since when nobody may act for it any more. */
  readonly ended?: { readonly height: number; readonly timeMs: number }
}

/** Of a key that is, or was, a member's: the one look-up of a signed transaction. */
export type KeyRecord = {
  readonly organization: string
  readonly name: string
  readonly kind: Member['kind']
  readonly keyType: KeyType
  readonly retired: boolean
}

/** Of a member. */
export type MemberRecord = {
  readonly organization: string
  readonly name: string
  readonly kind: Member['kind']
  readonly keyType: KeyType
  readonly publicKey: string
  /** Height and time of the block; 0 for founding members. */
  readonly enrolled: { readonly height: number; readonly timeMs: number }
  readonly retired: { readonly height: number; readonly timeMs: number } | null
}

export const organizationKey = (id: string): string => `organizations/${id}`
export const keyKey = (publicKey: string): string => `keys/${publicKey}`
export const membersPrefix = (organization: string): string => `members/${organization}/`
export const memberKey = (organization: string, name: string): string => `${membersPrefix(organization)}${name}`
