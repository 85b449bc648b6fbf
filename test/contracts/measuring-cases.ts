import { BRAKE_PARAMETERS, CAR, Measuring, SPEED_PARAMETERS } from './measuring-support.js'
import type { Chain } from './support.js'

/** How to get every refusal of the contract measuring (refusals.test.ts). */

type Case = (chain: Chain) => string | Promise<string>

/** Version 1.0.0 of the brake tester, approved, and a system that runs it. */
function installed(chain: Chain): Measuring {
  const it = new Measuring(chain)
  it.approved('brake-2', '1.0.0')
  it.register('b-1', 'brake')
  return it
}

const NONE = '0'.repeat(64)

async function reevaluation(chain: Chain, inputs: object, changes: object): Promise<string> {
  const it = installed(chain)
  const answer = await it.reevaluate(it.measure('b-1', '1.0.0', { brake: CAR }), inputs, changes)
  return answer.ok ? '' : answer.code
}

export const MEASURING_CASES: Readonly<Record<string, Case>> = {
  'measuring.propose measuring/unknown-algorithm': (chain) =>
    new Measuring(chain).propose('brake-9', '1.0.0', { codeHash: NONE, parameters: {} }).code,
  'measuring.propose measuring/other-code': (chain) =>
    new Measuring(chain).propose('brake-2', '1.0.0', { codeHash: NONE }).code,
  'measuring.propose measuring/bad-parameters': (chain) =>
    new Measuring(chain).propose('brake-2', '1.0.0', { parameters: { speed: SPEED_PARAMETERS } }).code,
  'measuring.propose measuring/version-exists': (chain) => installed(chain).propose('brake-2', '1.0.0').code,
  'measuring.propose measuring/not-maker': (chain) => installed(chain).propose('brake-2', '1.0.1', {}, 'rival').code,
  'measuring.propose measuring/unknown-version': (chain) =>
    installed(chain).propose('brake-2', '2.0.0', { supersedes: '1.5.0' }).code,
  'measuring.propose measuring/already-superseded': (chain) => {
    const it = installed(chain)
    it.approved('brake-2', '2.0.0', { supersedes: '1.0.0' })
    return it.propose('brake-2', '3.0.0', { supersedes: '1.0.0' }).code
  },
  'measuring.approve measuring/unknown-version': (chain) => {
    const it = new Measuring(chain)
    return it.approve(it.propose('brake-2', '1.0.0'), 'body', { version: '1.0.1' }).code
  },
  'measuring.approve measuring/withdrawn': (chain) => {
    const it = new Measuring(chain)
    const proposed = it.propose('brake-2', '1.0.0')
    it.withdraw('brake', '1.0.0')
    return it.approve(proposed, 'body').code
  },
  'measuring.approve measuring/already-approved': (chain) => {
    const it = new Measuring(chain)
    const proposed = it.propose('brake-2', '1.0.0')
    it.approve(proposed, 'body')
    return it.approve(proposed, 'body').code
  },
  'measuring.approve measuring/own-proposal': (chain) => {
    const it = new Measuring(chain)
    return it.approve(it.propose('brake-2', '1.0.0', {}, 'rival'), 'rival').code
  },
  'measuring.approve measuring/other-code': (chain) => {
    const it = new Measuring(chain)
    return it.approve(it.propose('brake-2', '1.0.0'), 'body', { codeHash: NONE }).code
  },
  'measuring.approve measuring/other-parameters': (chain) => {
    const it = new Measuring(chain)
    return it.approve(it.propose('brake-2', '1.0.0'), 'body', { parametersHash: NONE }).code
  },
  'measuring.approve measuring/already-superseded': (chain) => {
    const it = installed(chain)
    const late = it.propose('brake-2', '2.0.0', { supersedes: '1.0.0' })
    it.approved('brake-2', '2.0.1', { supersedes: '1.0.0' })
    return it.approve(late, 'body').code
  },
  'measuring.withdraw measuring/unknown-version': (chain) => installed(chain).withdraw('brake', '9.9.9').code,
  'measuring.withdraw measuring/withdrawn': (chain) => {
    const it = installed(chain)
    it.withdraw('brake', '1.0.0')
    return it.withdraw('brake', '1.0.0').code
  },
  'measuring.register measuring/system-exists': (chain) => installed(chain).register('b-1', 'brake').code,
  'measuring.register measuring/unknown-software': (chain) => installed(chain).register('b-2', 'scale').code,
  'measuring.register measuring/unknown-organization': (chain) =>
    installed(chain).register('b-2', 'brake', { operator: 'nobody' }).code,
  'measuring.retire measuring/unknown-system': (chain) => installed(chain).retire('b-9').code,
  'measuring.retire measuring/retired': (chain) => {
    const it = installed(chain)
    it.retire('b-1')
    return it.retire('b-1').code
  },
  'measuring.retire measuring/not-keeper': (chain) => installed(chain).retire('b-1', 'maker').code,
  'measuring.measure measuring/unknown-system': (chain) =>
    installed(chain).measure('b-9', '1.0.0', { brake: CAR }).code,
  'measuring.measure measuring/retired': (chain) => {
    const it = installed(chain)
    it.retire('b-1')
    return it.measure('b-1', '1.0.0', { brake: CAR }).code
  },
  'measuring.measure measuring/not-operator': (chain) =>
    installed(chain).measure('b-1', '1.0.0', { brake: CAR }, 'maker').code,
  'measuring.measure measuring/bad-input': (chain) => installed(chain).measure('b-1', '1.0.0', {}).code,
  'measuring.version measuring/unknown-version': (chain) =>
    asked(chain, 'measuring.version', { software: 'brake', version: '1.0.0' }),
  'measuring.system measuring/unknown-system': (chain) => asked(chain, 'measuring.system', { system: 'b-1' }),
  'measuring.identify measuring/unknown-system': (chain) =>
    asked(chain, 'measuring.identify', { system: 'b-1', height: 0 }),
  'measuring.reevaluate measuring/unknown-version': (chain) =>
    reevaluation(chain, { brake: CAR }, { version: '9.9.9' }),
  'measuring.reevaluate measuring/input-differs': (chain) =>
    reevaluation(chain, { brake: { ...CAR, parking: { leftForceNewton: 0, rightForceNewton: 0 } } }, {}),
  'measuring.reevaluate measuring/bad-input': async (chain) => {
    const it = installed(chain)
    const other = it.propose('speed-1', '1.0.0')
    if (other.code !== '') return other.code
    it.register('s-1', 'speed')
    const refused = it.measure('s-1', '1.0.0', { brake: CAR })
    const { inputHash } = refused.value
    return asked(chain, 'measuring.reevaluate', {
      software: 'speed',
      version: '1.0.0',
      inputs: { brake: CAR },
      inputHash,
      findingHash: NONE,
    })
  },
  'measuring.reevaluate measuring/other-code': async (chain) => {
    const it = installed(chain)
    const measured = it.measure('b-1', '1.0.0', { brake: CAR })
    plantOtherCode(chain, 'brake', '1.0.0')
    const answer = await it.reevaluate(measured, { brake: CAR })
    return answer.ok ? '' : answer.code
  },
}

/** As after an update of the contracts that changed an algorithm's file. */
export function plantOtherCode(chain: Chain, software: string, version: string): void {
  const key = `measuring/software/${software}/${version}`
  const record = JSON.parse(new TextDecoder().decode(chain.state.get(key))) as object
  const changed = { ...record, codeHash: NONE, parameters: { brake: BRAKE_PARAMETERS } }
  chain.state.apply([{ key, value: new TextEncoder().encode(JSON.stringify(changed)) }])
}

async function asked(chain: Chain, query: string, args: object): Promise<string> {
  const answer = await chain.ask(query, args)
  return answer.ok ? '' : answer.code
}
