import type { Contract } from '../contract.js'
import { analyse } from './analyse.js'
import { inspect } from './inspect.js'
import { dispenser, parameters, ranking, refuel, region, station, vehicle, verdict } from './queries.js'
import { commit, declare, reveal } from './refuel.js'
import { FUEL_REFUSALS } from './refusals.js'
import {
  openRegion,
  registerDispenser,
  registerStation,
  registerVehicle,
  rotateKey,
  withdrawDispenser,
} from './register.js'
import { FUEL_PARAMETERS } from './settings.js'

/**
 * Field surveillance of fuel dispensers: vehicles measure what they are given, the dispenser declares what it sold, and over
 * many vehicles the noise averages out. docs/contracts/fuel.md has the method and its limits.
 */
export const fuel = {
  name: 'fuel',
  version: '1.0.0',
  summary: 'Field surveillance of fuel dispensers by the vehicles that refuel at them.',
  reads: ['pki'],
  events: {
    'fuel/registered': 'A region, station, dispenser or vehicle was registered by an organization.',
    'fuel/status-changed': 'A dispenser was condemned, is in service again, or was withdrawn.',
    'fuel/key-rotated': 'A vehicle has the pseudonym key of its next period.',
    'fuel/refuelled': 'A refuel is settled: what was declared, what the vehicle measured, and whether it counts.',
    'fuel/inspected': 'What an inspection on the spot measured, and whether it cleared or confirmed a suspicion.',
    'fuel/analysed':
      'A region was analysed: how much there was, the noise, the share of fraud, the number of suspects.',
    'fuel/verdict-changed': 'Dispensers whose verdict is another than after the analysis before.',
  },
  refusals: FUEL_REFUSALS,
  methods: {
    openRegion,
    registerStation,
    registerDispenser,
    withdrawDispenser,
    registerVehicle,
    rotateKey,
    commit,
    declare,
    reveal,
    inspect,
    analyse,
  },
  queries: { verdict, ranking, dispenser, vehicle, station, refuel, region, parameters },
  parameters: FUEL_PARAMETERS,
} satisfies Contract
