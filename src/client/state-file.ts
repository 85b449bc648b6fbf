import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { readViewLink, type ViewLinkDocument } from '../codec/view-links.js'
import type { CryptoSuite } from '../crypto/index.js'
import type { LightClient } from './light-client.js'
import { readStateAnswer, UnknownView, type VerifiedState } from './state-answer.js'

/**
 * The value of one key of the state, or its absence, with all that proves it: a file that anyone can check with the genesis
 * document alone, at any later time.
 */
export interface StateFile {
  readonly format: 'etalon-state-1'
  /** Network id, hexadecimal. */
  readonly network: string
  /** `<contract>/<key>` */
  readonly key: string
  /** As a replica answers GET /v1/state. */
  readonly answer: Readonly<Record<string, unknown>>
  /** Links from the view of the genesis to the one that certified the answer. */
  readonly views: readonly ViewLinkDocument[]
}

export interface ProvenState extends VerifiedState {
  readonly key: string
}

const REMEDY = 'do not rely on it; ask a replica for the state anew'

/** Checks a state file. @throws EtalonError `proof/not-a-proof`, `proof/other-network`, `proof/not-proven` */
export function readStateFile(light: LightClient, sha256: CryptoSuite['sha256'], text: string): ProvenState {
  const { format, network, key, answer, views } = parse(text)
  if (format !== 'etalon-state-1' || typeof key !== 'string' || typeof answer !== 'object' || answer === null) {
    throw new EtalonError('proof/not-a-proof', 'this is not a state file', 'name a file that was written as one')
  }
  const own = toHex(light.networkId)
  if (network !== own) {
    const message = `the file names network ${String(network)}, the genesis founds ${own}`
    throw new EtalonError('proof/other-network', message, 'use the genesis file of the network that the proof is of')
  }
  try {
    const links = (views ?? []).flatMap((link) => readViewLink(sha256, link) ?? [])
    const problem = light.follow(links)
    if (problem !== undefined) throw new EtalonError('proof/not-proven', problem, REMEDY)
    const { height, value } = readStateAnswer(light, sha256, key, answer)
    return { key, height, value }
  } catch (error) {
    if (error instanceof EtalonError && error.code === 'proof/not-proven') throw error
    const why = error instanceof UnknownView ? 'the links to its view are missing' : (error as Error).message
    throw new EtalonError('proof/not-proven', why, REMEDY, { cause: error })
  }
}

function parse(text: string): Partial<StateFile> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<StateFile>
  } catch {
    return {}
  }
}
