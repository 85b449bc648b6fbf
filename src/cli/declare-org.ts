import type { Command } from 'commander'
import { declareOrgPropose } from './declare-org-propose.js'
import { type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contracts identity and governance. */
export function declareOrg(program: Command, session: Session): void {
  const org = program.command('org').description('organizations, their members, and what they decide by votes')
  declareReading(org, session)
  declareMembers(org, session)
  declareOrgPropose(org, session)
  declareVotes(org, session)
}

function declareReading(org: Command, session: Session): void {
  withGenesis(withUrls(org.command('list')))
    .description('list the organizations with their roles and replicas')
    .option('--json', 'print it as JSON')
    .action(async (options) => {
      const { list } = await import('./commands/org-show.js')
      session.exit = await list(options)
    })
  withGenesis(withUrls(org.command('show')))
    .description('show one organization')
    .argument('<organization>', 'id of the organization')
    .option('--members', 'its members as well, retired ones included')
    .option('--json', 'print it as JSON')
    .action(async (organization: string, options) => {
      const { show } = await import('./commands/org-show.js')
      session.exit = await show(organization, options)
    })
  withGenesis(withUrls(org.command('did')))
    .description('resolve a DID to its document')
    .argument('<id>', 'DID; or ORGANIZATION, or ORGANIZATION:MEMBER, of this network')
    .option('--json', 'print the document with its metadata as JSON')
    .action(async (id: string, options) => {
      const { did } = await import('./commands/org-show.js')
      session.exit = await did(id, options)
    })
  withGenesis(withUrls(org.command('audit')))
    .description('list what changed power or parameters, oldest first')
    .argument('[contract]', 'identity or governance; both otherwise')
    .option('--json', 'print it as JSON')
    .action(async (contract: string | undefined, options) => {
      const { audit } = await import('./commands/org-show.js')
      session.exit = await audit(contract, options)
    })
}

function declareMembers(org: Command, session: Session): void {
  withSubmitter(org.command('enroll'))
    .description('enrol a key as a member of your own organization; an admin signs')
    .argument('<name>', 'name of the member, never used twice')
    .requiredOption('--public <file>', 'public part of the key, as `etalon keys member --public` wrote it; needed')
    .requiredOption('--kind <kind>', 'admin, operator or client; needed')
    .action(async (name: string, options) => {
      const { enroll } = await import('./commands/org-members.js')
      session.exit = await enroll(name, options)
    })
  withSubmitter(org.command('retire'))
    .description('retire a member of your own organization for good; an admin signs')
    .argument('<name>', 'name of the member')
    .action(async (name: string, options) => {
      const { retire } = await import('./commands/org-members.js')
      session.exit = await retire(name, options)
    })
  withSubmitter(org.command('rotate'))
    .description('give a member another key; an admin signs, or the member with the old key')
    .argument('<name>', 'name of the member')
    .requiredOption('--public <file>', 'public part of the new key, as `etalon keys member --public` wrote it; needed')
    .action(async (name: string, options) => {
      const { rotate } = await import('./commands/org-members.js')
      session.exit = await rotate(name, options)
    })
}

function declareVotes(org: Command, session: Session): void {
  withSubmitter(org.command('vote'))
    .description('vote on a proposal; an admin of an organization that runs a replica signs')
    .argument('<proposal>', 'number of the proposal')
    .option('--approve', 'vote for it')
    .option('--reject', 'vote against it')
    .option('--unseen', 'approve a version of a contract that this release does not have')
    .action(async (proposal: string, options) => {
      const { vote } = await import('./commands/org-votes.js')
      session.exit = await vote(proposal, options)
    })
  withSubmitter(org.command('withdraw'))
    .description('withdraw an open proposal of your own organization; an admin signs')
    .argument('<proposal>', 'number of the proposal')
    .action(async (proposal: string, options) => {
      const { withdraw } = await import('./commands/org-votes.js')
      session.exit = await withdraw(proposal, options)
    })
  withGenesis(withUrls(org.command('proposals')))
    .description('list the proposals with the votes on them')
    .option('--open', 'open ones only')
    .option('--json', 'print it as JSON')
    .action(async (options) => {
      const { proposals } = await import('./commands/org-votes.js')
      session.exit = await proposals(options)
    })
}
