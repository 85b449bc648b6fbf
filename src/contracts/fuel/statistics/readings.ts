/** Readings of a region as columns, with dense numbers from 0 for vehicles, organizations and dispensers. */
export interface Readings {
  readonly dispensers: number
  readonly vehicles: number
  readonly organizations: number
  /** One entry a reading in each column. */
  readonly dispenser: readonly number[]
  readonly vehicle: readonly number[]
  readonly organization: readonly number[]
  /** ln(volume by the vehicle / volume declared), ppm. */
  readonly logRatioPpm: readonly number[]
}

/** Places of the readings in the order of their vehicles: those of vehicle v stand from start[v] to start[v + 1]. */
export interface ByVehicle {
  readonly start: readonly number[]
  readonly order: readonly number[]
}

export function byVehicle({ vehicles, vehicle }: Readings): ByVehicle {
  const start = new Array<number>(vehicles + 1).fill(0)
  for (const v of vehicle) start[v + 1] = at(start, v + 1) + 1
  for (let v = 0; v < vehicles; v++) start[v + 1] = at(start, v + 1) + at(start, v)
  const next = [...start]
  const order = new Array<number>(vehicle.length).fill(0)
  vehicle.forEach((v, reading) => {
    const place = at(next, v)
    order[place] = reading
    next[v] = place + 1
  })
  return { start, order }
}

/** Entry of a list of numbers that is there by construction. */
export const at = (list: readonly number[], index: number): number => list[index] as number

/**
 * Dispensers connected by vehicles that were seen at both. Between two components nothing but the assumption that vehicles are
 * alike tells levels apart, and that is not relied on.
 * @returns number of the component of each dispenser: the least dispenser in it
 */
export function components(readings: Readings, { start, order }: ByVehicle): number[] {
  const parent = Array.from({ length: readings.dispensers }, (_, i) => i)
  const root = (i: number): number => {
    let r = i
    while (at(parent, r) !== r) r = at(parent, r)
    parent[i] = r
    return r
  }
  for (let v = 0; v < readings.vehicles; v++) {
    const from = at(start, v)
    for (let place = from + 1; place < at(start, v + 1); place++) {
      const a = root(at(readings.dispenser, at(order, from)))
      const b = root(at(readings.dispenser, at(order, place)))
      parent[Math.max(a, b)] = Math.min(a, b)
    }
  }
  return parent.map((_, i) => root(i))
}
