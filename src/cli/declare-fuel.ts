import type { Command } from 'commander'
import { type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contract fuel. */
export function declareFuel(program: Command, session: Session): void {
  const fuel = program.command('fuel').description('surveillance of fuel dispensers by the vehicles that refuel there')
  declareRefuel(fuel, session)
  withGenesis(withUrls(fuel.command('ranking')))
    .description('list dispensers in the order in which inspectors should visit them')
    .argument('<region>', 'id of the region')
    .option('--limit <n>', 'dispensers at most', '20')
    .option('--json', 'print it as JSON')
    .action(async (region: string, options) => {
      const { ranking } = await import('./commands/fuel.js')
      session.exit = await ranking(region, options)
    })
  withGenesis(withUrls(fuel.command('verdict')))
    .description('show the verdict on a dispenser with its evidence')
    .argument('<dispenser>', 'id of the dispenser')
    .option('--json', 'print it as JSON')
    .action(async (dispenser: string, options) => {
      const { verdict } = await import('./commands/fuel.js')
      session.exit = await verdict(dispenser, options)
    })
}

/** The three steps of a refuel. */
function declareRefuel(fuel: Command, session: Session): void {
  withSubmitter(fuel.command('commit'))
    .description("commit to a vehicle's reading of a refuel; what opens the commitment is kept in a file")
    .argument('<vehicle>', 'pseudonym of the vehicle')
    .argument('<dispenser>', 'id of the dispenser')
    .requiredOption('--levels <file>', 'levels of the tank as JSON: before, after (ppm, many of each); needed')
    .requiredOption('--vehicle-key <file>', "key file of the vehicle's pseudonym; needed")
    .requiredOption('--opening <file>', 'secret file to write, for the reveal; needed')
    .option('--moving', 'the vehicle did not stand still, so that the reading will not count')
    .action(async (vehicle: string, dispenser: string, options) => {
      const { commit } = await import('./commands/fuel-refuel.js')
      session.exit = await commit(vehicle, dispenser, options)
    })
  withSubmitter(fuel.command('declare'))
    .description('declare the volume that a dispenser sold in a refuel')
    .argument('<dispenser>', 'id of the dispenser')
    .argument('<commitment>', "the vehicle's commitment")
    .argument('<microlitres>', 'the volume')
    .option('--pulser-key <file>', "PEM file of the pulser's private key, where pki has its public one")
    .action(async (dispenser: string, commitment: string, volume: string, options) => {
      const { declare } = await import('./commands/fuel-refuel.js')
      session.exit = await declare(dispenser, commitment, volume, options)
    })
  withSubmitter(fuel.command('reveal'))
    .description('open a commitment after the declaration')
    .argument('<opening>', 'the file that `etalon fuel commit` wrote')
    .action(async (opening: string, options) => {
      const { reveal } = await import('./commands/fuel-refuel.js')
      session.exit = await reveal(opening, options)
    })
}
