import type { Static, TObject } from 'typebox'
import type { BuiltIn } from '../contracts/index.js'

/** Types of calls: of the built-in contracts as their schemas give them; anything of other contracts. */

/** A name known at run time only may be any; a wrong one is none. */
type Unnamed<N> = string extends N ? unknown : never

type MethodOf<C, M> = C extends keyof BuiltIn
  ? M extends keyof BuiltIn[C]['methods']
    ? BuiltIn[C]['methods'][M]
    : Unnamed<M>
  : unknown

type QueryOf<C, Q> = C extends keyof BuiltIn
  ? Q extends keyof BuiltIn[C]['queries']
    ? BuiltIn[C]['queries'][Q]
    : Unnamed<Q>
  : unknown

type ArgsOf<D> = D extends { readonly args: infer A extends TObject } ? Static<A> : unknown
type ResultOf<D> = D extends { handler(...args: never[]): infer J } ? Awaited<J> : unknown

export type MethodArgs<C, M> = ArgsOf<MethodOf<C, M>>
export type MethodResult<C, M> = ResultOf<MethodOf<C, M>>
export type QueryArgs<C, Q> = ArgsOf<QueryOf<C, Q>>
export type QueryResult<C, Q> = ResultOf<QueryOf<C, Q>>
