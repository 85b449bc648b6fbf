/**
 * Measures a piece of work and notes its CPU time under a name.
 * @param units operations that one call of `work` does
 */
export type Measure = (name: string, units: number, work: () => unknown) => Promise<void>
