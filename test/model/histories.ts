/**
 * Written histories: schedules that random walks find seldom or never. Each is safe under the rules and shows its
 * violation with its planted bug; walks also start from parts of them.
 */
import { type Action, act } from './actions.js'
import type { PlantName } from './plants.js'
import type { Choice } from './regency.js'
import { certOf, NOBODY, type Scope, withDigit } from './state.js'

export interface History {
  readonly name: string
  readonly plant: PlantName
  /** What breaks with the planted bug. */
  readonly broken: string
  readonly scope: Scope
  readonly actions: readonly Action[]
}

const SCOPE: Scope = {
  w: 1,
  heights: 5,
  regencies: 4,
  byz: NOBODY,
  change: 0,
  changeAt: 1,
  orderly: false,
  lost: 0,
  eager: false,
  plant: undefined,
}

const chainOf = (values: readonly number[]): number =>
  values.reduce((chain, value, i) => withDigit(chain, i + 1, value), 0)

/** STOPDATA of these, and one of the Byzantine replica that names nothing. */
const withByzantine = (...from: number[]): Choice => ({ ...among(...from), byzantine: true })
const among = (...from: number[]): Choice => ({
  from: from.reduce((mask, x) => mask | (1 << x), 0),
  versions: [0, 0, 0, 0, 0],
  byzantine: false,
  base: 0,
  locks: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  stripped: 0,
})

/** All of `xs` do the same. */
const each = (xs: readonly number[], ...make: ((x: number) => Action)[]): Action[] =>
  make.flatMap((one) => xs.map((x) => one(x)))
const write = (k: number, value: number) => (x: number) => act('write', x, k, value)
const prepare = (k: number, value: number) => (x: number) => act('prepare', x, k, value)
const accept = (k: number) => (x: number) => act('accept', x, k)
const wish = (r: number) => (x: number) => act('wish', x, r)
const install = (r: number) => (x: number) => act('install', x, r)
const takeSync = (r: number, choice?: Choice) => (x: number) => act('takeSync', x, r, 0, choice)

const propose = (leader: number | undefined, k: number, value: number): Action[] =>
  leader === undefined ? [] : [act('propose', leader, k, value)]

/** `xs` learn the certificate of the last of `values`, execute it and write it to the ledger. */
const settle = (xs: readonly number[], regency: number, values: readonly number[], view = 0): Action[] =>
  xs.flatMap((x) => [
    act('learn', x, certOf(view, values.length, regency, chainOf(values))),
    act('fetch', x),
    act('flush', x, values.length),
  ])

/** `xs` vote for the last of `values` up to their ACCEPTs. */
const decide = (xs: readonly number[], values: readonly number[], leader?: number): Action[] => {
  const k = values.length
  const value = values[k - 1] as number
  return [...propose(leader, k, value), ...each(xs, write(k, value), prepare(k, value), accept(k))]
}

/** A run of ledger rows that ends below the certified height, and compaction (D1, N7). */
const run: History = {
  name: 'run',
  plant: 'run-below-certificate',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 3, w: 2 },
  actions: [
    ...propose(1, 1, 1),
    ...propose(1, 2, 1),
    ...each([0, 1], write(1, 1), write(2, 1), prepare(1, 1), prepare(2, 1), accept(2)),
    act('learn', 0, certOf(0, 2, 1, chainOf([1, 1]))),
    act('fetch', 0),
    act('flush', 0, 1),
    act('compact', 0),
    act('crash', 0),
    ...each([0, 2], wish(2), wish(3), install(2), wish(3), install(3)),
    ...each([0, 2], takeSync(3, withByzantine(0, 2)), write(1, 2), prepare(1, 2), accept(1)),
  ],
}

/** STOPDATA that names W locks, but the highest (R4, R7). */
const topw: History = {
  name: 'topw',
  plant: 'highest-w-locks',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 3, w: 2 },
  actions: [
    ...[1, 2].flatMap((k) => [...propose(1, k, 1), ...each([0, 1], write(k, 1), prepare(k, 1))]),
    ...each([0, 1], accept(2)),
    ...each(
      [0, 1],
      (x) => act('learn', x, certOf(0, 2, 1, chainOf([1, 1]))),
      (x) => act('fetch', x),
    ),
    ...[3, 4].flatMap((k) => [...propose(1, k, 1), ...each([0, 1], write(k, 1)), ...each([0], prepare(k, 1))]),
    act('crash', 1),
    ...each([0, 2], wish(2), install(2), wish(3)),
    ...each([0, 1, 2], install(3)),
    ...each([1, 2], takeSync(3, withByzantine(0, 2)), write(1, 2), prepare(1, 2), accept(1)),
  ],
}

/** View 0 = { 0, 1, 2, 3 } with B = R1; h1 changes it to { 0, 1, 2, 4 } from h3 on. R2 stays behind, R3 has nothing. */
const toViewOne = [
  ...decide([0, 2], [2]),
  ...settle([0, 2, 4], 1, [2]),
  ...decide([0, 2], [2, 1]),
  ...settle([0, 4], 1, [2, 1]),
  ...[3, 4, 5, 6].flatMap((k) => {
    const values = [2, 1, 1, 1, 1, 1].slice(0, k)
    return [...decide([0, 4], values), ...settle([0, 4], 1, values, 1)]
  }),
  ...decide([0, 4], [2, 1, 1, 1, 1, 1, 1]),
  act('lose', 0),
]
const followTo = (x: number, from: number): Action[] => [
  ...settle([x], 1, [2]),
  ...settle([x], 1, [2, 1]),
  ...[3, 4, 5, 6].filter((k) => k >= from).flatMap((k) => settle([x], 1, [2, 1, 1, 1, 1, 1].slice(0, k), 1)),
]
const secondSeventh = each([0, 2], write(7, 2), prepare(7, 2), accept(7))

/** A lost disk around a change of view: Q others of which view? (T2) */
const lostview: History = {
  name: 'lostview',
  plant: 'asks-genesis-view',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 1, heights: 9, change: 1, lost: 1 },
  actions: [...toViewOne, ...followTo(0, 3), ...followTo(2, 6), ...secondSeventh],
}

/** The same, and a certificate of view 1 ends the silence in view 0 (T2). */
const lostview2: History = {
  ...lostview,
  name: 'lostview2',
  plant: 'certificate-of-another-view',
  actions: [
    ...toViewOne,
    ...settle([0], 1, [2]),
    act('learn', 0, certOf(1, 6, 1, chainOf([2, 1, 1, 1, 1, 1]))),
    act('fetch', 0),
    act('flush', 0, 6),
    ...followTo(2, 6),
    ...secondSeventh,
  ],
}

/** h1 to h3 are decided in r1 without R3, which has just lost its disk. */
const ones = (k: number): number[] => new Array<number>(k).fill(1)

/** Two disks are lost, one after the other; STOPs of an earlier life still count (T2). B = R2 leads r2. */
const lost2: History = {
  name: 'lost2',
  plant: 'g-of-old-life',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 2, heights: 8, lost: 2 },
  actions: [
    act('wish', 3, 2),
    act('lose', 3),
    ...[1, 2, 3].flatMap((k) => [...decide([0, 1], ones(k), 1), ...settle([0, 1, 3], 1, ones(k))]),
    act('wish', 0, 2),
    act('install', 0, 2),
    act('lose', 0),
    ...settle([0], 1, ones(3)),
    ...[4, 5, 6].flatMap((k) => [...decide([3, 1], ones(k), 1), ...settle([3, 1, 0], 1, ones(k))]),
    ...decide([0, 3], ones(7), 1),
    act('install', 1, 2),
    ...each([1, 0], takeSync(2, withByzantine(0, 1)), write(7, 2), prepare(7, 2), accept(7)),
  ],
}

/** The same in r3: with wishes for more than the next regency, G + 1 is not enough (R2). B = R3 leads r3. */
const lost3: History = {
  name: 'lost3',
  plant: 'free-wish',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 3, heights: 8, lost: 2 },
  actions: [
    act('wish', 2, 2),
    act('wish', 2, 3),
    act('lose', 2),
    ...[1, 2, 3].flatMap((k) => [...decide([0, 1], ones(k), 1), ...settle([0, 1, 2], 1, ones(k))]),
    act('wish', 0, 2),
    act('wish', 0, 3),
    act('install', 0, 3),
    act('lose', 0),
    ...settle([0], 1, ones(3)),
    ...each([1, 2], wish(2), install(2)),
    act('sendSync', 2, 0, 0, withByzantine(1, 2)),
    ...each([0, 1], takeSync(2)),
    ...[4, 5, 6].flatMap((k) => [...decide([2, 1], ones(k), 2), ...settle([2, 1, 0], 2, ones(k))]),
    ...decide([0, 2], ones(7), 2),
    act('install', 1, 3),
    ...each([1, 0], takeSync(3, withByzantine(0, 1)), write(7, 2), prepare(7, 2), accept(7)),
  ],
}

/** A promise of the lost disk: STOPDATA(2) of R0 counts after its return in r1 (T2, G). B = R2 leads r2. */
const lost: History = {
  name: 'lost',
  plant: 'return-below-g',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 2, heights: 5, lost: 1 },
  actions: [
    ...each([0, 1], wish(2)),
    act('install', 0, 2),
    act('lose', 0),
    ...[1, 2, 3].flatMap((k) => [...decide([1, 3], ones(k), 1), ...settle([1, 3, 0], 1, ones(k))]),
    ...decide([0, 3], ones(4), 1),
    act('install', 1, 2),
    ...each([1, 0], takeSync(2, withByzantine(0, 1)), write(4, 2), prepare(4, 2), accept(4)),
  ],
}

/** R0 and R1 decided h1; R0 loses its disk, and says in STOPDATA(2), above G, that it has no lock (T2). B = R3. */
const silent: History = {
  name: 'silent',
  plant: 'silent-stopdata',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 3, lost: 1 },
  actions: [
    ...decide([0, 1], [1], 1),
    act('lose', 0),
    ...each([1, 2], wish(2)),
    ...each([0, 1, 2], install(2)),
    act('sendSync', 2, 0, 0, withByzantine(0, 2)),
    ...each([1], takeSync(2)),
    ...decide([1, 2], [2], 2),
  ],
}

/** R0 voted in r2 = G, loses its disk, and a crash takes back the certificate that ended its silence (T2). */
const same1: History = {
  name: 'same1',
  plant: 'silence-end-sticks',
  broken: 'contradiction: two WRITEs',
  scope: { ...SCOPE, byz: 2, heights: 5, lost: 1 },
  actions: [
    ...each([0, 1, 3], wish(2), install(2)),
    ...each([0, 1, 3], takeSync(2, withByzantine(0, 1))),
    act('write', 0, 1, 2),
    act('lose', 0),
    ...[1, 2, 3].flatMap((k) => [
      ...decide([1, 3], ones(k)),
      ...settle([1, 3], 2, ones(k)),
      act('learn', 0, certOf(0, k, 2, chainOf(ones(k)))),
      act('fetch', 0),
    ]),
    act('crash', 0),
    ...each([0], takeSync(2, withByzantine(0, 1)), write(1, 1)),
  ],
}

/** An orderly stop that records nothing (D4). */
const b1: History = {
  name: 'B1',
  plant: 'mark-without-record',
  broken: 'contradiction: two WRITEs',
  scope: { ...SCOPE, byz: 1, orderly: true },
  actions: [act('write', 0, 1, 2), act('stop', 0), act('write', 0, 1, 1)],
}

/** The mark of an orderly stop unbars a barred leader (D3, D4). */
const b2: History = {
  name: 'B2',
  plant: 'mark-lifts-bar',
  broken: 'contradiction: two PROPOSEs',
  scope: { ...SCOPE, byz: 2, orderly: true },
  actions: [act('propose', 1, 1, 1), act('crash', 1), act('stop', 1), act('propose', 1, 1, 2)],
}

/** PROPOSE leaves before (view, regency) is on disk (table, last row). */
const b3: History = {
  name: 'B3',
  plant: 'propose-before-regency',
  broken: 'contradiction: two PROPOSEs',
  scope: { ...SCOPE, byz: 3, change: 2 },
  actions: [
    ...decide([0, 1, 2], [2], 1),
    ...settle([0, 1, 2], 1, [2]),
    ...decide([0, 1, 2], [2, 1], 1),
    ...settle([1], 1, [2, 1]),
    act('propose', 1, 3, 1),
    act('crash', 1),
    act('propose', 1, 3, 2),
  ],
}

/** H of D3 is too low while another disk is lost: R1 asks R0, which has lost its disk, R2 behind, and B (D3). */
const b5: History = {
  name: 'B5',
  plant: 'bar-without-own-log',
  broken: 'contradiction: two WRITEs',
  scope: { ...SCOPE, byz: 3, lost: 1, regencies: 4 },
  actions: [
    ...each([0, 1, 2], wish(2), install(2), wish(3), install(3)),
    ...each([0, 1, 2], takeSync(3, withByzantine(0, 1))),
    ...[1, 2, 3, 4].flatMap((k) => [...decide([0, 1], ones(k)), ...settle(k === 1 ? [0, 1, 2] : [0, 1], 3, ones(k))]),
    act('write', 1, 5, 1),
    act('lose', 0),
    act('crash', 1),
    ...each([1], takeSync(3, withByzantine(0, 1)), write(5, 2)),
  ],
}

/** H + W is too little: it voted up to H + 2W, for others need not have on disk what it knew (D3). B = R1 leads. */
const returns: History = {
  name: 'returns',
  plant: 'bar-to-h-w',
  broken: 'contradiction: two WRITEs',
  scope: { ...SCOPE, byz: 1, w: 2 },
  actions: [
    ...each([0, 2], write(1, 1), write(2, 1), prepare(1, 1), prepare(2, 1), accept(2)),
    act('learn', 0, certOf(0, 2, 1, chainOf([1, 1]))),
    act('fetch', 0),
    act('write', 0, 4, 2),
    act('crash', 0),
    ...settle([2, 3], 1, [1, 1]),
    ...decide([2, 3], [1, 1, 1]),
    ...settle([0], 1, [1, 1, 1]),
    act('write', 0, 4, 1),
  ],
}

const threeLocks = [
  ...propose(1, 1, 1),
  ...each([1, 2], write(1, 1)),
  ...each([1], prepare(1, 1), accept(1)),
  ...each([1, 2, 3], wish(2)),
  ...each([2, 3], install(2)),
  act('sendSync', 2, 0, 0, withByzantine(2, 3)),
  ...each([3], takeSync(2)),
  ...propose(2, 1, 2),
  ...each([2, 3], write(1, 2)),
  ...each([3], prepare(1, 2)),
  ...each([2, 3], wish(3)),
  ...each([1, 2, 3], install(3)),
  act('sendSync', 3, 0, 0, withByzantine(1, 2)),
  ...each([1, 2], takeSync(3)),
  ...each([2, 3], write(1, 1)),
  ...each([2], prepare(1, 1), accept(1)),
]
const secondInFour = [
  ...each([1, 2, 3], wish(4)),
  ...each([1, 3], install(4)),
  ...each([1, 3], takeSync(4, withByzantine(1, 3)), write(1, 2), prepare(1, 2), accept(1)),
]

/** ACCEPTs of r1 and r3 for one value are no certificate (R8). B = R0 leads r4. */
const across: History = {
  name: 'across',
  plant: 'accepts-across-regencies',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 0, heights: 1 },
  actions: [...threeLocks, ...secondInFour],
}

/** A lock of r1 is not enough for an ACCEPT in r3 (N5). */
const oldLock: History = {
  name: 'old-lock',
  plant: 'accept-on-old-lock',
  broken: 'agreement',
  scope: { ...SCOPE, byz: 0, heights: 1 },
  actions: [...threeLocks, act('accept', 1, 1), ...secondInFour],
}

export const HISTORIES: readonly History[] = [
  run,
  topw,
  lostview,
  lostview2,
  lost2,
  lost3,
  lost,
  silent,
  same1,
  b1,
  b2,
  b3,
  b5,
  returns,
  across,
  oldLock,
]
