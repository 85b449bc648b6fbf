import { connect, createServer, type Socket } from 'node:net'

/** A TCP relay that delivers everything a fixed time later, in both directions: distance, on one machine. */
export interface DelayRelay {
  readonly port: number
  close(): void
}

/** Bytes on their way in one direction after which the relay stops reading. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024

export async function startDelayRelay(toPort: number, delayMs: number): Promise<DelayRelay> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      pipeLater(from, to, delayMs)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('error', () => from.destroy())
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as { port: number }
  return {
    port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function pipeLater(from: Socket, to: Socket, delayMs: number): void {
  let inFlight = 0
  from.on('data', (chunk) => {
    inFlight += chunk.length
    if (inFlight > IN_FLIGHT_BYTES_MAX) from.pause()
    setTimeout(() => {
      inFlight -= chunk.length
      if (from.isPaused() && inFlight < IN_FLIGHT_BYTES_MAX / 2) from.resume()
      if (!to.destroyed) to.write(chunk)
    }, delayMs)
  })
}
