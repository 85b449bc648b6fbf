import type { EventChain } from './event-chain.js'

/** The event log of a measuring system (docs/contracts/measuring.md): registration, results, refused versions, retirement. */
export function measuringLog(system: string): EventChain {
  return {
    key: `measuring/logs/${system}`,
    place(name, data) {
      if (!name.startsWith('measuring/') || data.system !== system) return undefined
      const { counter, previous } = data
      if (typeof counter !== 'number' || (previous !== null && typeof previous !== 'string')) return undefined
      return { counter, previous }
    },
  }
}
