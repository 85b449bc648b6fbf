import type { Command } from 'commander'
import { ROLES } from '../types/index.js'
import { collect, type Session } from './options.js'

/** Commands that run replicas and make their files. */
export function declareSetup(program: Command, session: Session): void {
  declareRunning(program, session)
  declareInit(program, session)
  declareKeys(program, session)
}

function declareRunning(program: Command, session: Session): void {
  program
    .command('up')
    .description('run a network of organizations on this machine, a process each')
    .option('--replicas <n>', 'number of organizations', '4')
    .option('--data <dir>', 'where its files and data are', '.etalon/up')
    .option('--port <port>', 'first port of the APIs; free ones otherwise')
    .option('--for <duration>', 'stop after this time, e.g. 20s')
    .option('--fresh', 'begin anew: removes the data of earlier runs')
    .option('--no-demo', 'without the demo world')
    .option('--json', 'print the result as JSON, the last line of standard output')
    .action(async (options) => {
      const { up } = await import('./up.js')
      session.exit = await up(options)
    })
  program
    .command('start')
    .argument('<config>', 'config file of the replica')
    .description('run one replica until it is told to stop')
    .option('--json', 'print where it is as JSON')
    .action(async (config: string, options) => {
      const { startReplica } = await import('./start.js')
      await startReplica(config, options)
    })
}

function declareInit(program: Command, session: Session): void {
  const init = program
    .command('init')
    .description('make the files of a network; --dev for a development network')
    .option('--dev', 'all files of a development network, with every private key')
    .option('--replicas <n>', 'number of organizations of the development network', '4')
    .option('--out <dir>', 'folder for the files')
    .option('--p2p-port <port>', 'first port for peers', '4001')
    .option('--api-port <port>', 'first port of the APIs', '8001')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { initDev } = await import('./commands/init-dev.js')
      session.exit = await initDev(options)
    })
  init
    .command('organization')
    .description('found a network, step 1: make the keys and files of one organization')
    .requiredOption('--id <id>', 'short name of the organization: a-z 0-9 . _ -; needed')
    .requiredOption('--name <name>', 'its full name; needed')
    .requiredOption('--roles <roles>', `its roles, separated by commas, of ${ROLES.join(', ')}; needed`)
    .option('--admin <name>', 'name of the first administrator', 'admin')
    .option('--replica-id <n>', 'number of its replica, as the founders agreed; without it, it runs none')
    .option('--address <address>', 'where peers reach the replica, e.g. /dns4/…/tcp/4001; may be repeated', collect)
    .option('--listen <address>', "where the replica listens; the address's port on all interfaces otherwise", collect)
    .option('--api-host <host>', 'where the API listens', '127.0.0.1')
    .option('--api-port <port>', 'port of the API', '8001')
    .requiredOption('--out <dir>', 'folder for the files; needed')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { initOrganization } = await import('./commands/init-organization.js')
      session.exit = await initOrganization(options)
    })
  init
    .command('genesis')
    .description("found a network, step 2: make the genesis file of the founders' public files")
    .argument('<files...>', 'the file public.json of every founder, in any order')
    .requiredOption('--network <name>', 'name of the network; needed')
    .option('--created <time>', 'founding time with its zone, e.g. 2026-07-01T12:00:00Z; now otherwise')
    .option('--window <n>', 'open consensus instances at most')
    .option('--dedup-window-ms <ms>', 'how far ahead a transaction may be valid')
    .option('--clock-drift-ms-max <ms>', "how far a proposal's time may be from a replica's clock")
    .option('--endorsements <n>', 'endorsements that an instrument key needs')
    .option('--proposal-transactions-max <n>', 'transactions of a proposal at most')
    .option('--proposal-bytes-max <n>', 'bytes of the batches of a proposal at most')
    .option('--proposal-cost-max <n>', 'cost units that a block executes at most')
    .requiredOption('--out <file>', 'genesis file to write; needed')
    .option('--json', 'print the result as JSON')
    .action(async (files: string[], options) => {
      const { initGenesis } = await import('./commands/init-genesis.js')
      session.exit = initGenesis(files, options)
    })
}

function declareKeys(program: Command, session: Session): void {
  const keys = program.command('keys').description('make and show keys and tokens')
  keys
    .command('replica')
    .description("make a replica's secret key file and print its public part")
    .requiredOption('--out <file>', 'key file to write; needed')
    .option('--organization <id>', 'organization that runs it, for the public part')
    .option('--public <file>', 'write the public part to a file as well')
    .option('--json', 'print the public part as JSON')
    .action(async (options) => {
      const { replicaKey } = await import('./commands/keys.js')
      session.exit = await replicaKey(options)
    })
  keys
    .command('member')
    .description('make a key with which a member of an organization signs transactions')
    .requiredOption('--organization <id>', 'the organization; needed')
    .requiredOption('--name <name>', 'name of the member within it; needed')
    .requiredOption('--out <file>', 'key file to write; needed')
    .option('--public <file>', 'write the public part to a file as well')
    .option('--json', 'print the public part as JSON')
    .action(async (options) => {
      const { memberKey } = await import('./commands/keys.js')
      session.exit = memberKey(options)
    })
  keys
    .command('show')
    .argument('<file>', 'key file of a replica or a member')
    .description('show the public part of a key file, never the secret')
    .option('--public <file>', 'write the public part to a file as well')
    .option('--json', 'print it as JSON')
    .action(async (file: string, options) => {
      const { showKey } = await import('./commands/keys.js')
      session.exit = await showKey(file, options)
    })
  keys
    .command('token')
    .description("make a bearer token for a client of the organization, and its line of the replica's config")
    .option('--name <name>', 'name of the client', 'client')
    .option('--out <file>', 'write the token to a file instead of printing it')
    .option('--json', 'print the result as JSON')
    .action(async (options) => {
      const { token } = await import('./commands/keys.js')
      session.exit = token(options)
    })
}
