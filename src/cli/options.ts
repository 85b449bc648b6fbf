import type { Command } from 'commander'

/** What a run leaves: the status that its command gave. Commands that keep running, such as `start`, give none. */
export interface Session {
  exit: number | undefined
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

export function withUrls(command: Command): Command {
  return command
    .option('--url <url>', "address of a replica's API; may be repeated (or ETALON_URL)", collect)
    .option('--up <dir>', 'folder of a network of `etalon up` (.etalon/up if it is there)')
}

export function withGenesis(command: Command): Command {
  return command.option('--genesis <file>', 'genesis file of the network (or ETALON_GENESIS)')
}

/** For commands that submit a transaction: who signs, and what becomes of the receipt. */
export function withSubmitter(command: Command): Command {
  return withGenesis(withUrls(command))
    .option('--key <file>', 'key file of the member who signs')
    .option('--organization <id>', 'organization of a client with a token')
    .option('--client <name>', "name of the client, as in the config of its organization's replica")
    .option('--token-file <file>', 'file with its bearer token')
    .option('--out <file>', 'write the receipt to a file')
    .option('--json', 'print the receipt as JSON')
}
