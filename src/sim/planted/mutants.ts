import type { PlanOptions } from '../plan.js'

/** A bug that is planted into the built program, to see that the simulator finds it. */
export interface Mutant {
  readonly name: string
  /** What is broken. */
  readonly about: string
  /** File under dist/src. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Plans that show it: with changes of the view, or with a Byzantine replica of a kind. */
  readonly plans?: Pick<PlanOptions, 'grows' | 'strategy'>
}

/** Each breaks one rule of the protocol, or one promise of those around it. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'quorum-too-small',
    about: 'A certificate needs f votes only, so that a regency change may not hear of it.',
    file: 'types/quorum.js',
    find: 'votes: Math.ceil((n + f + 1) / 2)',
    replace: 'votes: Math.max(1, f)',
  },
  {
    name: 'forgotten-lock',
    about: 'STOPDATA names no prepared certificates.',
    file: 'consensus/on-regency.js',
    find: '.flatMap((instance) => (instance.prepared === undefined ? [] : [instance.prepared]))',
    replace: '.flatMap(() => [])',
  },
  {
    name: 'lowest-epoch',
    about: 'A new regency proposes the value of the lowest epoch again.',
    file: 'consensus/regency-choice.js',
    find: 'prepared.regency > other.regency',
    replace: 'prepared.regency < other.regency',
  },
  {
    name: 'null-for-locked',
    about: 'A new regency binds the null value where a value was prepared.',
    file: 'consensus/regency-choice.js',
    find: 'highest.get(cid)?.digest ?? null',
    replace: 'null',
  },
  {
    name: 'votes-forgotten',
    about: 'A replica that restarts does not know what it voted for.',
    file: 'consensus/restore.js',
    find: 'for (const record of restored.records)',
    replace: 'for (const record of [])',
  },
  {
    name: 'vote-before-durable',
    about: 'Votes leave before they are synced.',
    file: 'replica/effect-runner.js',
    find: 'await wal.sync();',
    replace: '',
  },
  {
    name: 'proposal-forgotten',
    about: 'A leader that restarts proposes anew in an instance that it has proposed in.',
    file: 'consensus/restore.js',
    find: 'if (instance.written?.regency === state.regency)',
    replace: 'if (false)',
  },
  {
    name: 'promise-forgotten',
    about: 'A replica that restarts does not know which leader it gave up, and votes under it again.',
    file: 'consensus/restore.js',
    find: 'for (const record of restored.records)',
    replace: "for (const record of restored.records.filter(({ kind }) => kind !== 'stop' && kind !== 'stop-data'))",
  },
  {
    name: 'vote-after-stop',
    about: 'A replica that sent STOP still votes in the old regency.',
    file: 'consensus/voting.js',
    find: "    const { prepared } = instance;\n    if (phase !== 'normal' || instance.cid > windowTop(state))",
    replace: '    const { prepared } = instance;\n    if (instance.cid > windowTop(state))',
  },
  {
    name: 'early-lock',
    about: 'WRITEs of a regency that a replica is not in yet make a lock, in the place of the one it had.',
    file: 'consensus/voting.js',
    find: 'if (ahead || ',
    replace: 'if (',
  },
  {
    name: 'mixed-epochs',
    about: 'Votes of different regencies make one certificate.',
    file: 'consensus/votes.js',
    find: 'message.regency === regency && message.digest === digest',
    replace: 'message.digest === digest',
  },
  {
    name: 'block-not-synced',
    about: 'PERSIST is sent for a block that is not durable.',
    file: 'ledger/ledger.js',
    find: 'const snapshot = this.#database.snapshot();\n        this.#snapshot = snapshot;\n        await this.#written(batch.write({ sync: this.#sync }));',
    replace:
      'const snapshot = this.#database.snapshot();\n        this.#snapshot = snapshot;\n        await this.#written(batch.write({ sync: false }));',
  },
  {
    name: 'never-sent-again',
    about: 'What a replica said is not said again without news.',
    file: 'consensus/on-timeout.js',
    find: 'function resendOwn(state, out) {',
    replace: 'function resendOwn(state, out) {\n    return;',
  },
  {
    name: 'blocks-never-pulled',
    about: 'A replica that is behind does not ask for blocks.',
    file: 'consensus/catch-up.js',
    find: 'if (target <= state.finalized)',
    replace: '',
  },
  {
    name: 'leader-never-given-up',
    about: 'No timeout leads to a STOP.',
    file: 'consensus/on-timeout.js',
    find: 'function giveUp(state, out) {',
    replace: 'function giveUp(state, out) {\n    return;',
  },
  {
    name: 'sync-chosen-again',
    about: 'A leader that restarts does not know its SYNC, and sends another.',
    file: 'consensus/restore.js',
    find: 'restoreSync(state, record);\n            return;',
    replace: 'return;',
  },
  {
    name: 'executed-again',
    about: 'A transaction that was executed before is executed again.',
    file: 'replica/executor.js',
    find: 'this.locateRecent(id) !== undefined)',
    replace: 'false)',
  },
  {
    name: 'own-clock',
    about: 'Block time depends on the replica.',
    file: 'replica/executor.js',
    find: 'Math.max(parent.timeMs, decided.value.timestampMs)',
    replace: 'Math.max(parent.timeMs, decided.value.timestampMs) + this.#context.self',
  },
  {
    name: 'named-batch-dropped',
    about: 'A batch that an open value names is dropped at a restart when its transactions came another way.',
    file: 'replica/replica.js',
    find: 'if (executed && !this.#cores.core.namesBatch(batch.digest))',
    replace: 'if (executed)',
  },
  {
    name: 'batches-never-dropped',
    about: 'Batches are kept when their block is final.',
    file: 'replica/batch-store.js',
    find: 'drop(digests) {',
    replace: 'drop(digests) {\n        return;',
  },
  {
    name: 'finality-of-another-view',
    about: 'A STOPDATA proves the height below its view with a certificate of another view.',
    file: 'consensus/restore.js',
    find: 'if (finalized > baseOf(options) && restored.finality !== undefined)',
    replace: 'if (restored.finality !== undefined)',
    plans: { grows: true },
  },
  {
    name: 'view-never-ends',
    about: 'Instances above the last height of a view are voted for.',
    file: 'consensus/state.js',
    find: 'state.lastHeight ?? Number.POSITIVE_INFINITY',
    replace: 'Number.POSITIVE_INFINITY',
    plans: { grows: true },
  },
  {
    name: 'no-silence',
    about: 'A replica that lost its votes goes on voting.',
    file: 'consensus/restore.js',
    find: 'record.over ? undefined : { reports: new Map(), until: record.until }',
    replace: 'undefined',
  },
  {
    name: 'silence-without-end',
    about: 'A replica that lost its votes never votes again.',
    file: 'consensus/abstention.js',
    find: 'state.abstention = undefined;',
    replace: 'return;',
  },
  {
    name: 'silence-ends-with-the-view',
    about: 'A replica that lost its votes, and begins in a view before its own, votes as soon as its own begins.',
    file: 'replica/core-in-force.js',
    find: "return this.#core.durableRecords().filter(({ kind }) => kind === 'abstain');",
    replace: 'return [];',
    plans: { grows: true },
  },
  {
    name: 'values-never-pulled',
    about: 'What a proposal names and is not at hand is not asked for.',
    file: 'consensus/on-timeout.js',
    find: 'function fetchMissing(state, out) {',
    replace: 'function fetchMissing(state, out) {\n    return;',
  },
  {
    name: 'unchecked-locks',
    about: 'Prepared certificates in a STOPDATA count without their signatures.',
    file: 'replica/authenticity.js',
    find: "const problem = this.certificateProblem(prepared, 'write');",
    replace: 'const problem = undefined;',
    plans: { strategy: 'lie-in-stop-data' },
  },
  {
    name: 'unchecked-stop-data',
    about: 'A SYNC counts whoever signed the STOPDATA in it.',
    file: 'replica/authenticity.js',
    find: 'statement === undefined || !this.signedBy(signed.sender, statement, signed.signature)',
    replace: 'statement === undefined',
    plans: { strategy: 'forge-sync' },
  },
  {
    name: 'receipt-of-another',
    about: 'A client is told of the first transaction of the block, not of its own.',
    file: 'replica/submissions.js',
    find: "onOutcome({ kind: 'final', block, index });\n        });",
    replace: "onOutcome({ kind: 'final', block, index: 0 });\n        });",
  },
]
