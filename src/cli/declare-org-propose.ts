import type { Command } from 'commander'
import { collect, type Session, withSubmitter } from './options.js'

/** What an admin may propose, a verb for each kind of change. */
export function declareOrgPropose(org: Command, session: Session): void {
  const propose = org.command('propose').description('propose a change, on which the organizations vote')
  declareOrganizations(propose, session)
  declareRules(propose, session)
  declareReplicas(propose, session)
}

const proposal = (parent: Command, name: string): Command =>
  withSubmitter(parent.command(name))
    .option('--title <text>', 'what voters read; the change in a few words otherwise')
    .option('--expires <duration>', 'how long votes are taken, up to 90d', '7d')

function declareOrganizations(propose: Command, session: Session): void {
  proposal(propose, 'admit')
    .description('propose to admit an organization')
    .argument('<file>', 'public.json, as `etalon init organization` made it')
    .option('--with-replica', 'add its replica as well, all or nothing')
    .action(async (file: string, options) => {
      const { admit } = await import('./commands/org-propose.js')
      session.exit = await admit(file, options)
    })
  proposal(propose, 'expel')
    .description('propose to expel an organization, together with the replica that it runs')
    .argument('<organization>', 'id of the organization')
    .action(async (organization: string, options) => {
      const { expel } = await import('./commands/org-propose.js')
      session.exit = await expel(organization, options)
    })
  proposal(propose, 'roles')
    .description('propose the roles of an organization, in place of those that it has')
    .argument('<organization>', 'id of the organization')
    .argument('<roles>', 'all its roles, separated by commas')
    .action(async (organization: string, names: string, options) => {
      const { roles } = await import('./commands/org-propose.js')
      session.exit = await roles(organization, names, options)
    })
}

function declareRules(propose: Command, session: Session): void {
  proposal(propose, 'parameters')
    .description('propose the parameters of a contract, all of them')
    .argument('<contract>', 'name of the contract')
    .argument('<values>', 'parameters as JSON; @FILE reads a file, - standard input')
    .action(async (contract: string, values: string, options) => {
      const { parameters } = await import('./commands/org-propose.js')
      session.exit = await parameters(contract, values, options)
    })
  proposal(propose, 'contract')
    .description('propose a version of a contract, from a height on')
    .argument('<contract>', 'name of the contract')
    .argument('<version>', 'the version, like 2.1.0')
    .option('--code <hash>', 'SHA-256 of its code; that of this release otherwise')
    .requiredOption('--from <height>', 'first height that it executes, or the first that is possible; needed')
    .action(async (name: string, version: string, options) => {
      const { contract } = await import('./commands/org-propose.js')
      session.exit = await contract(name, version, options)
    })
}

function declareReplicas(propose: Command, session: Session): void {
  proposal(propose, 'add-replica')
    .description('propose a replica of an organization that has none')
    .argument('<file>', 'public part, as `etalon keys replica --public` or `etalon init organization` wrote it')
    .option('--address <address>', 'where peers reach it, e.g. /dns4/…/tcp/4001; may be repeated', collect)
    .action(async (file: string, options) => {
      const { addReplica } = await import('./commands/org-propose.js')
      session.exit = await addReplica(file, options)
    })
  proposal(propose, 'remove-replica')
    .description('propose to remove a replica')
    .argument('<replica>', 'number of the replica')
    .action(async (replica: string, options) => {
      const { removeReplica } = await import('./commands/org-propose.js')
      session.exit = await removeReplica(replica, options)
    })
  proposal(propose, 'rotate-replica')
    .description('propose another consensus key for a replica, where its key may be in wrong hands')
    .argument('<replica>', 'number of the replica')
    .requiredOption('--consensus-key <hex>', 'the new key, as `etalon keys replica` prints it; needed')
    .action(async (replica: string, options) => {
      const { rotateReplica } = await import('./commands/org-propose.js')
      session.exit = await rotateReplica(replica, options)
    })
}
