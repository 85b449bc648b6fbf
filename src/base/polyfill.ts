/**
 * libp2p calls `Promise.withResolvers`, which Node 20 lacks. Imported first by every entry point, worker
 * and test set-up.
 */
type WithResolvers = typeof Promise & { withResolvers?: unknown }

if ((Promise as WithResolvers).withResolvers === undefined) {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value<T>(this: PromiseConstructor) {
      let resolve!: (value: T | PromiseLike<T>) => void
      let reject!: (reason?: unknown) => void
      const promise = new this<T>((onResolve, onReject) => {
        resolve = onResolve
        reject = onReject
      })
      return { promise, resolve, reject }
    },
  })
}
