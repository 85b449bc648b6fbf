import type { Contract } from '../contract.js'
import { algorithms, identify, reevaluate, system, systems, version, versions } from './queries.js'
import { MEASURING_REFUSALS } from './refusals.js'
import { approve, propose, withdraw } from './software.js'
import { measure, register, retire } from './systems.js'

/**
 * Distributed measuring systems: sensors send raw data, and an approved version of legally relevant software, which is part of the contract,
 * computes the result on every replica. What may run is in the ledger with its hashes and approvals; what ran is in the receipt.
 */
export const measuring = {
  name: 'measuring',
  version: '1.0.0',
  summary: 'Approved measuring software, the systems that run it, and results that can be computed again.',
  reads: ['identity'],
  events: {
    'measuring/proposed': 'A version of software was proposed: algorithm, hashes, certificate, organization.',
    'measuring/vote': 'An authority approved a version, by the hashes that it examined.',
    'measuring/approved': 'A version has its approvals.',
    'measuring/withdrawn': 'A version is used for no further measurement.',
    'measuring/registered': 'A measuring system was registered; the first event of its log.',
    'measuring/retired': 'A measuring system was retired.',
    'measuring/measured':
      'A result: software, version, hashes of raw data and finding, verdict; with the counter of the log.',
    'measuring/version-refused':
      'Raw data came under a version that is not allowed: which, why, from whom; with the counter of the log.',
  },
  refusals: MEASURING_REFUSALS,
  methods: { propose, approve, withdraw, register, retire, measure },
  queries: { algorithms, version, versions, system, systems, identify, reevaluate },
} satisfies Contract
