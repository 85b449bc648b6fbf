/** What meters sign for the contract privacy (docs/contracts/privacy.md). Fields stand on lines of their own. */

/** A contribution to a cohort: bound to the cohort and the meter, so it counts once. @param ciphertext lower-case hexadecimal */
export function contributionStatement(cohort: string, meter: string, ciphertext: string): string {
  return `etalon privacy contribution 1\n${cohort}\n${meter}\n${ciphertext}`
}
