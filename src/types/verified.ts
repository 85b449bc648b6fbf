declare const verified: unique symbol

/**
 * A value whose signatures, nested ones included, and sizes were checked by this replica.
 * Made in replica/ingress only (the import check holds that).
 */
export type Verified<T> = T & { readonly [verified]: true }

export function markVerified<T>(value: T): Verified<T> {
  return value as Verified<T>
}
