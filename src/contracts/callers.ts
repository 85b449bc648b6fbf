import { type KeyType, LIMITS, type Transaction } from '../types/index.js'
import { parseValue } from './block-state.js'
import type { Caller } from './contract.js'
import { IDENTITY, type KeyRecord, keyKey, type OrganizationRecord, organizationKey } from './identity/records.js'
import { shown } from './schema.js'

export interface RefusalInfo {
  readonly code: string
  readonly detail: string
}

interface KeyHolder {
  readonly keyType: KeyType
  readonly caller: Caller
}

interface Vouching {
  readonly roles: Caller['roles']
  readonly callers: Map<string, Caller>
}

/** Vouched clients remembered for each organization. */
const CALLERS_MAX = 4096
/** Keys remembered; beyond, all are looked up again. */
const KEYS_MAX = 65_536

type Text = (key: string) => string | undefined

/** Who stands behind transactions, remembered until the identity records change. */
export class Callers {
  readonly #text: Text
  readonly #keys = new Map<string, KeyHolder | RefusalInfo>()
  readonly #organizations = new Map<string, Vouching | RefusalInfo>()

  constructor(text: Text) {
    this.#text = text
  }

  /** To be called when the identity records have changed. */
  forget(): void {
    this.#keys.clear()
    this.#organizations.clear()
  }

  of({ organization, authentication }: Transaction): Caller | RefusalInfo {
    return authentication.mode === 'signed'
      ? this.#signed(authentication.publicKey, authentication.keyType, organization)
      : this.#vouched(authentication.client, organization)
  }

  #signed(publicKey: string, keyType: KeyType, organization: string): Caller | RefusalInfo {
    let holder = this.#keys.get(publicKey)
    if (holder === undefined) {
      holder = holderOf(this.#text, publicKey)
      if (this.#keys.size >= KEYS_MAX) this.#keys.clear()
      this.#keys.set(publicKey, holder)
    }
    if ('code' in holder) return holder
    if (holder.keyType !== keyType) return unknownKey(publicKey)
    if (holder.caller.organization === organization) return holder.caller
    return { code: 'identity/wrong-organization', detail: `the key belongs to ${holder.caller.organization}` }
  }

  #vouched(client: string, organization: string): Caller | RefusalInfo {
    let vouching = this.#organizations.get(organization)
    if (vouching === undefined) {
      const record = organizationOf(this.#text, organization)
      vouching = 'code' in record ? record : { roles: record.roles, callers: new Map() }
      this.#organizations.set(organization, vouching)
    }
    if ('code' in vouching) return vouching
    let caller = vouching.callers.get(client)
    if (caller === undefined) {
      if (client.length === 0 || client.length > LIMITS.nameLengthMax || !client.isWellFormed()) {
        return {
          code: 'identity/invalid-client',
          detail: `a client's name has 1 to ${LIMITS.nameLengthMax} characters`,
        }
      }
      caller = { organization, roles: vouching.roles, member: client, kind: 'client', mode: 'vouched' }
      if (vouching.callers.size >= CALLERS_MAX) vouching.callers.clear()
      vouching.callers.set(client, caller)
    }
    return caller
  }
}

function holderOf(text: Text, publicKey: string): KeyHolder | RefusalInfo {
  const key = parseValue<KeyRecord>(text(`${IDENTITY}/${keyKey(publicKey)}`))
  if (key === undefined) return unknownKey(publicKey)
  const { organization, name: member, kind, keyType } = key
  if (key.retired) return { code: 'identity/unknown-key', detail: `the key of ${member} of ${organization} is retired` }
  const record = organizationOf(text, organization)
  if ('code' in record) return record
  return { keyType, caller: { organization, roles: record.roles, member, kind, mode: 'signed' } }
}

function organizationOf(text: Text, id: string): OrganizationRecord | RefusalInfo {
  const record = parseValue<OrganizationRecord>(text(`${IDENTITY}/${organizationKey(id)}`))
  if (record === undefined) {
    return { code: 'identity/unknown-organization', detail: `there is no organization ${shown(id)}` }
  }
  if (record.ended === undefined) return record
  return { code: 'identity/organization-expelled', detail: `${id} was expelled at height ${record.ended.height}` }
}

function unknownKey(publicKey: string): RefusalInfo {
  return { code: 'identity/unknown-key', detail: `no organization has enrolled the key ${shown(publicKey)}` }
}
