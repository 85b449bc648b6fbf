/** The actions of the model as data, so that a history can be written, drawn, replayed and shortened. */
import { compact, drop, flush, learn, loseDisk, restart, stop } from './disk.js'
import { type Choice, install, repeatStopData, sendSync, stopDataOf, takeSync, wish } from './regency.js'
import {
  at,
  certChain,
  certHeight,
  certRegency,
  certView,
  digit,
  diskOf,
  isCorrect,
  lockRegency,
  lockValue,
  type Model,
  memoryOf,
  outBase,
  outChain,
  outTop,
  type State,
} from './state.js'
import { accept, execute, fetchFinal, prepare, propose, write } from './votes.js'

export type Kind =
  | 'propose'
  | 'write'
  | 'prepare'
  | 'execute'
  | 'accept'
  | 'learn'
  | 'fetch'
  | 'flush'
  | 'compact'
  | 'drop'
  | 'wish'
  | 'install'
  | 'stopData'
  | 'sendSync'
  | 'takeSync'
  | 'crash'
  | 'stop'
  | 'lose'

/** One action of replica `x`. What a and b are depends on the kind: a height, a regency, a certificate; a value. */
export interface Action {
  readonly kind: Kind
  readonly x: number
  readonly a: number
  readonly b: number
  readonly choice?: Choice | undefined
}

export const act = (kind: Kind, x: number, a = 0, b = 0, choice?: Choice): Action => ({ kind, x, a, b, choice })

/** Does it, in place. False, and nothing has changed, when the rules do not allow it now. */
export function apply(s: State, c: Model, action: Action): boolean {
  const { kind, x, a, b } = action
  if (!isCorrect(c, x) || x >= s.replicas.length) return false
  switch (kind) {
    case 'propose':
      return propose(s, c, x, a, b)
    case 'write':
      return write(s, c, x, a, b)
    case 'prepare':
      return prepare(s, c, x, a, b & 3, b >> 2 === 0 ? memoryOf(s, x).regency : b >> 2)
    case 'execute':
      return execute(s, c, x)
    case 'accept':
      return accept(s, c, x, a)
    case 'learn':
      return s.certificates.includes(a) && learn(s, c, x, a)
    case 'fetch':
      return fetchFinal(s, c, x)
    case 'flush':
      return flush(s, c, x, a)
    case 'compact':
      return compact(s, c, x)
    case 'drop':
      return drop(s, c, x)
    case 'wish':
      return wish(s, c, x, a)
    case 'install':
      return install(s, c, x, a)
    case 'stopData':
      return repeatStopData(s, c, x)
    case 'sendSync':
      return action.choice !== undefined && sendSync(s, c, x, action.choice)
    case 'takeSync':
      return takeSync(s, c, x, a, b, action.choice)
    case 'crash':
      s.crashes += 1
      restart(s, c, x)
      return true
    case 'stop':
      return c.orderly && stop(s, c, x)
    case 'lose':
      return loseDisk(s, c, x)
  }
}

const chainText = (chain: number, k: number): string => {
  let text = ''
  for (let j = 1; j <= k; j++) text += digit(chain, j)
  return text === '' ? 'empty' : text
}
const locksText = (locks: readonly number[]): string =>
  locks.flatMap((lock, k) => (lock === 0 ? [] : [`h${k}=${lockValue(lock)} of r${lockRegency(lock)}`])).join(', ') ||
  'no lock'
const certText = (cert: number): string =>
  `v${certView(cert)} r${certRegency(cert)} h${certHeight(cert)} chain ${chainText(certChain(cert), certHeight(cert))}`

function syncText(s: State, x: number, { choice }: Action): string {
  const { sync } = memoryOf(s, x)
  const byz = choice?.byzantine
    ? ` and B (base h${certHeight(choice.base)}, ${locksText(choice.locks)}, proofs left out ${choice.stripped})`
    : ''
  const from =
    choice === undefined ? '' : ` from ${[0, 1, 2, 3, 4].filter((y) => (choice.from >> y) & 1).join(',')}${byz}`
  return `${from}: base h${outBase(sync)}, bound to h${outTop(sync)}, chain ${chainText(outChain(sync), outTop(sync))}`
}

function detail(before: State, after: State, action: Action): string {
  const { kind, x, a, b } = action
  const m = memoryOf(before, x)
  const era = `v${m.view} r${m.regency}`
  const now = memoryOf(after, x)
  switch (kind) {
    case 'propose':
    case 'write':
    case 'prepare':
      return `${era} h${a} = ${b & 3}${b >> 2 ? ` of r${b >> 2}` : ''}`
    case 'accept':
      return `${era} h${a} chain ${chainText(at(now.accepted, a) - 1, a)} [final ${m.final}, tip ${m.tip}]`
    case 'learn':
      return certText(a)
    case 'execute':
      return `h${now.staged} chain ${chainText(now.stagedChain, now.staged)}`
    case 'fetch':
    case 'flush':
      return `to h${kind === 'flush' ? a : now.exec}`
    case 'install':
    case 'stopData': {
      const sd = stopDataOf(after, now.view, now.regency, x).at(-1)
      return sd === undefined
        ? `r${a}`
        : `r${sd.regency} base h${sd.base} chain ${chainText(sd.chain, sd.base)}, ${locksText(sd.locks)}`
    }
    case 'wish':
      return `r${a}`
    case 'sendSync':
    case 'takeSync':
      return `v${now.view} r${now.regency}${syncText(after, x, action)}`
    case 'crash':
    case 'stop':
      return `[r${m.regency} to r${now.regency}, final ${m.final} to ${now.final}${now.barred ? `, barred to h${now.barHeight}` : ''}]`
    case 'lose':
      return `[silent to h${diskOf(after, x).silentTo}, G = v${diskOf(after, x).g >> 4} r${diskOf(after, x).g & 15}]`
    default:
      return ''
  }
}

/** One line for a reader; `before` is the state in which the action was done. */
export const describe = (before: State, after: State, action: Action): string =>
  `R${action.x} ${action.kind} ${detail(before, after, action)}`.trimEnd()
