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
