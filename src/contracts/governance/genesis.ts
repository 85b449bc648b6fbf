import { EtalonError } from '../../base/errors.js'
import type { Genesis } from '../../types/index.js'
import { STATE_VALUE_LENGTH_MAX } from '../block-state.js'
import { encodeCanonical } from '../canonical.js'
import { asJson, CANDIDATES, REGISTER, type RegisterRecord, usedKeyKey, viewKey, viewRecord } from './records.js'

/**
 * The first view and the register of the numbers given out.
 * @throws EtalonError `governance/bad-genesis` when the view is too large to be kept
 */
export function genesisEntries({ replicas }: Genesis) {
  const view = viewRecord({ id: 0, replicas }, 1)
  if (encodeCanonical(asJson(view)).length > STATE_VALUE_LENGTH_MAX) {
    const remedy = 'Give the replicas fewer or shorter addresses.'
    throw new EtalonError('governance/bad-genesis', 'genesis: the list of replicas is too long', remedy)
  }
  const next = replicas.reduce((highest, { id }) => Math.max(highest, id + 1), 0)
  const register: RegisterRecord = { proposals: 0, replicas: next, view: 0, open: [] }
  return [
    { key: viewKey(0), value: asJson(view) },
    { key: REGISTER, value: asJson(register) },
    { key: CANDIDATES, value: [] },
    ...replicas.map(({ id, consensusKey }) => ({ key: usedKeyKey(consensusKey), value: { replica: id } })),
  ]
}
