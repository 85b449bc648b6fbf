/** A bug in etalon itself: the node must stop rather than go on with a broken invariant. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/** Stops the caller when an invariant does not hold. Never used for input from outside. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message)
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${String(value)}`)
}
