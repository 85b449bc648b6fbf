import type { Command } from 'commander'
import { type Session, withGenesis } from './options.js'

/** Commands that need no replica. */
export function declareChecks(program: Command, session: Session): void {
  withGenesis(program.command('verify'))
    .description('check a receipt file, offline')
    .argument('<receipt>', 'receipt file')
    .option('--up <dir>', 'take the genesis from a folder of `etalon up` (.etalon/up if it is there)')
    .option('--json', 'print the result as JSON')
    .action(async (receipt: string, options) => {
      const { verify } = await import('./commands/verify.js')
      session.exit = verify(receipt, options)
    })
  const ledger = program.command('ledger').description('look after the ledger of a stopped replica')
  withGenesis(ledger.command('verify'))
    .description('check a whole ledger: chain, certificates, transactions, receipts, state')
    .option('--config <file>', 'config file of the replica')
    .option('--data <dir>', 'its data folder, together with --genesis')
    .option('--replay', 'execute every transaction anew as well, and compare')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { ledgerVerify } = await import('./commands/ledger-verify.js')
      session.exit = await ledgerVerify(options)
    })
  program
    .command('contracts')
    .description('describe contracts: methods, arguments, roles and refusals')
    .argument('[contract]', 'one contract, in full')
    .argument('[member]', 'one method or query of it')
    .option('--json', 'print it as JSON')
    .action(async (contract: string | undefined, member: string | undefined, options) => {
      const { contracts } = await import('./commands/contracts.js')
      session.exit = contracts(contract, member, options)
    })
  program
    .command('genesis')
    .description('show what a genesis file founds, first of all its network id')
    .argument('[file]', 'genesis file (or ETALON_GENESIS, or that of .etalon/up)')
    .option('--up <dir>', 'take the genesis from a folder of `etalon up`')
    .option('--json', 'print it as JSON')
    .action(async (file: string | undefined, options) => {
      const { showGenesis } = await import('./commands/genesis.js')
      session.exit = showGenesis(file, options)
    })
}
