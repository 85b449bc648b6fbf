/**
 * An error that a person can act on: a stable code, what happened, and what to do about it.
 * Codes are listed in docs/errors.md; a test holds the page and the code together.
 */
export class EtalonError extends Error {
  override readonly name = 'EtalonError'
  readonly code: string
  readonly remedy: string

  /**
   * @param code stable, `area/what-happened`
   * @param message what happened, with the values that matter
   * @param remedy what the reader can do
   */
  constructor(code: string, message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}
