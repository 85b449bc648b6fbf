import { decodeViewLinks } from '../codec/view-links.js'
import type { Ledger } from '../ports.js'
import type { ViewId, ViewLink } from '../types/index.js'
import type { ReplicaContext } from './context.js'

/** The links that lead to a view from the one with the id `after`, as far as they are final here. */
export function viewLinks(
  { views, sha256 }: Pick<ReplicaContext, 'views' | 'sha256'>,
  ledger: Ledger,
  upTo: ViewId,
  after: ViewId = 0,
): readonly ViewLink[] {
  let carried: readonly ViewLink[] | undefined
  const links: ViewLink[] = []
  for (let id = after + 1; id <= upTo; id++) {
    const next = views.byId(id)
    const sealed = next && ledger.header(next.from - 1)
    const certificate = next && ledger.certificate(next.from - 1)
    if (next !== undefined && sealed !== undefined && certificate !== undefined) {
      links.push({ view: next.view, sealed, certificate })
      continue
    }
    // Below the blocks that came with a snapshot.
    carried ??= decodeViewLinks(sha256, ledger.viewLinks()) ?? []
    const link = carried.find(({ view }) => view.id === id)
    if (link === undefined) break
    links.push(link)
  }
  return links
}
