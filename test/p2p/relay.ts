import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Passes bytes on to a transport: late, or not at all while `frozen`, as a cut cable does, which closes nothing. */
export class Relay {
  frozen = false
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param target multiaddr of the transport @param delayMs one way */
  static async open(target: string, delayMs: number): Promise<Relay> {
    const port = Number(/\/tcp\/(\d+)/.exec(target)?.[1])
    const relay = new Relay(port, delayMs)
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  private constructor(port: number, delayMs: number) {
    this.#server = createServer((inbound) => {
      const outbound = connect(port, '127.0.0.1')
      this.#pass(inbound, outbound, delayMs)
      this.#pass(outbound, inbound, delayMs)
    })
  }

  get address(): string {
    return `/ip4/127.0.0.1/tcp/${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #pass(from: Socket, to: Socket, delayMs: number): void {
    this.#sockets.add(from)
    from.on('error', () => {})
    from.on('data', (bytes) => {
      if (!this.frozen) setTimeout(() => to.write(bytes), delayMs)
    })
    from.on('close', () => {
      this.#sockets.delete(from)
      if (!this.frozen) setTimeout(() => to.destroy(), delayMs)
    })
  }
}
