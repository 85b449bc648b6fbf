import type { Contract } from '../contract.js'
import { registerDcc, revokeDcc } from './dcc.js'
import { append, record } from './entries.js'
import { categories, dcc, dccByHash, dccs, subjects } from './queries.js'
import { LOGBOOK_REFUSALS } from './refusals.js'

/**
 * The immutable log and the registry of digital calibration certificates. An entry is a fact that is only appended: its receipt proves it.
 * `append` costs no state, and its entries are found by transaction id and from the events; `record` writes the ends of two chains, by
 * which its entries are listed.
 */
export const logbook = {
  name: 'logbook',
  version: '1.1.0',
  summary: 'An immutable log of entries by category and subject, and the registry of digital calibration certificates.',
  reads: [],
  events: {
    'logbook/appended': 'An entry: category, subject, SHA-256 of the payload, references, organization and member.',
    'logbook/recorded':
      'A listed entry: as above, with quantities and its places in the chains of subject and category.',
    'logbook/dcc-registered': 'A digital calibration certificate: identifier, SHA-256 of the file, organization.',
    'logbook/dcc-superseded': 'Another certificate takes the place of this one.',
    'logbook/dcc-revoked': 'A certificate is not to be relied on: who says so, and why.',
  },
  refusals: LOGBOOK_REFUSALS,
  methods: { append, record, registerDcc, revokeDcc },
  queries: { subjects, categories, dcc, dccByHash, dccs },
} satisfies Contract
