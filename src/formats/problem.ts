/** What every parser of this room gives instead of a value: what is wrong, for people. None of them throws. */
export interface Problem {
  /** One sentence without a full stop. */
  readonly problem: string
}

export const isProblem = (it: object): it is Problem => 'problem' in it
