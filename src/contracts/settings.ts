import { toHex, utf8 } from '../base/bytes.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { Digest } from '../types/index.js'
import { parseValue } from './block-state.js'
import { encodeCanonical } from './canonical.js'
import type { Contract, Json, Method, Producer } from './contract.js'
import { GOVERNANCE, type ParametersRecord, parametersKey } from './governance/records.js'
import type { Entry } from './registry.js'

/** What a contract works with at one place of the ledger. Frozen: handlers share it. */
export interface InForce {
  readonly values: Json | undefined
  readonly producer: Producer
}

/** Parameters of contracts as governance set them, parsed once for each text of the state. */
export class Settings {
  readonly #suite: CryptoSuite
  readonly #known = new Map<string, { readonly text: string | undefined; readonly inForce: InForce }>()

  constructor(suite: CryptoSuite) {
    this.#suite = suite
  }

  /** @param read gives the canonical JSON of a key of the whole state */
  inForce(
    { contract, code }: Pick<Entry<Method>, 'contract' | 'code'>,
    read: (key: string) => string | undefined,
  ): InForce {
    const text = contract.parameters === undefined ? undefined : read(`${GOVERNANCE}/${parametersKey(contract.name)}`)
    const known = this.#known.get(contract.name)
    if (known?.text === text && known?.inForce.producer.code === code) return known.inForce
    const values = parseValue<ParametersRecord>(text)?.values ?? contract.parameters?.defaults
    const parameters = parametersHash(this.#suite, values ?? null)
    const inForce = Object.freeze({ values: frozen(values), producer: Object.freeze({ code, parameters }) })
    this.#known.set(contract.name, { text, inForce })
    return inForce
  }
}

/** SHA-256 of the canonical JSON of a set of parameters. */
export function parametersHash(suite: CryptoSuite, values: Json): Digest {
  return toHex(suite.sha256(utf8(`etalon parameters 1\n${encodeCanonical(values)}`)))
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}

/** @throws RangeError in a contract that declares no parameters */
export function settingsOf<T extends Json>({ name }: Contract, { values }: InForce): T {
  if (values === undefined) throw new RangeError(`${name} declares no parameters`)
  return values as T
}
