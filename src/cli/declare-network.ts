import type { Command } from 'commander'
import { type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands that talk to replicas. */
export function declareNetwork(program: Command, session: Session): void {
  withUrls(program.command('status'))
    .description('show where replicas stand')
    .option('--json', 'print it as JSON')
    .action(async (options) => {
      const { status } = await import('./commands/status.js')
      session.exit = await status(options)
    })
  const tx = program.command('tx').description('submit transactions')
  withSubmitter(tx.command('submit'))
    .description('submit a transaction, wait until it is final, and check its receipt')
    .argument('<contract>', 'name of the contract')
    .argument('<method>', 'name of the method')
    .argument('<args>', 'arguments as JSON; @FILE reads a file, - standard input')
    .action(async (contract: string, method: string, args: string, options) => {
      const { submit } = await import('./commands/tx.js')
      session.exit = await submit(contract, method, args, options)
    })
  withUrls(program.command('query'))
    .description('ask a query of a contract; the answer is the word of one replica')
    .argument('<contract>', 'name of the contract')
    .argument('<query>', 'name of the query')
    .argument('[args]', 'arguments as JSON; @FILE reads a file, - standard input', '{}')
    .option('--json', 'print it as JSON')
    .action(async (contract: string, name: string, args: string, options) => {
      const { query } = await import('./commands/query.js')
      session.exit = await query(contract, name, args, options)
    })
  withGenesis(withUrls(program.command('state')))
    .description('read one key of the state with its proof, of presence or of absence')
    .argument('<key>', 'CONTRACT/KEY, e.g. identity/organizations/ptb')
    .option('--min-height <h>', 'wait until the replica has this height; no older state is taken')
    .option('--quorum', 'ask all replicas and take the newest answer of a quorum')
    .option('--json', 'print it as JSON')
    .action(async (key: string, options) => {
      const { state } = await import('./commands/state.js')
      session.exit = await state(key, options)
    })
}
