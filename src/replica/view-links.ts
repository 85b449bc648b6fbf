import type { Ledger } from '../ports.js'
import type { ViewId, ViewLink } from '../types/index.js'
import type { ViewSchedule } from './view-schedule.js'

/** The links that lead to a view from the one with the id `after`, as far as they are final here. */
export function viewLinks(views: ViewSchedule, ledger: Ledger, upTo: ViewId, after: ViewId = 0): readonly ViewLink[] {
  const links: ViewLink[] = []
  for (let id = after + 1; id <= upTo; id++) {
    const next = views.byId(id)
    const sealed = next && ledger.header(next.from - 1)
    const certificate = next && ledger.finality(next.from - 1)
    if (next === undefined || sealed === undefined || certificate === undefined) break
    links.push({ view: next.view, sealed, certificate })
  }
  return links
}
