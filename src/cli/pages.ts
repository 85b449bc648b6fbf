import { PAGE_MAX } from '../contracts/limits.js'

/** All entries of a listing, page by page. @param key what the next page is asked for with */
export async function allPages<T, K>(
  ask: (page: { limit: number; after?: K }) => Promise<readonly T[]>,
  key: (entry: T) => K,
): Promise<readonly T[]> {
  const entries: T[] = []
  for (;;) {
    const last = entries.at(-1)
    const page = await ask({ limit: PAGE_MAX, ...(last === undefined ? {} : { after: key(last) }) })
    entries.push(...page)
    if (page.length < PAGE_MAX) return entries
  }
}
