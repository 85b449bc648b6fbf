import {
  type ConnectionEncrypter,
  type MessageStream,
  type SecuredConnection,
  serviceCapabilities,
} from '@libp2p/interface'

/**
 * Every write on a connection costs a record of encryption, a system call and the waking of the peer, whatever its size. Yamux
 * makes three of one small frame: its header, its data, and the receiver's update of the window. This makes one of
 * them: lists go out as one piece, and window updates wait for company.
 */

/** Longer pieces are not copied together. */
const JOINED_BYTES_MAX = 64 * 1024
/** A window update of so many bytes is not held back: the sender may be waiting for it. */
const UPDATE_BYTES_URGENT = 64 * 1024
/** How long a window update waits for something to go along with, ms. */
const UPDATE_HELD_MS = 20

const YAMUX_HEADER_BYTES = 12
const YAMUX_WINDOW_UPDATE = 1

type Chunk = Parameters<MessageStream['send']>[0]

/** Gives the connections of an encrypter fewer writes. */
export function withFewerWrites<C>(
  make: (components: C) => ConnectionEncrypter,
): (components: C) => ConnectionEncrypter {
  return (components) => {
    const inner = make(components)
    const patched = (secured: SecuredConnection): SecuredConnection => {
      joinWrites(secured.connection)
      return secured
    }
    return {
      protocol: inner.protocol,
      secureInbound: async (connection, options) => patched(await inner.secureInbound(connection, options)),
      secureOutbound: async (connection, options) => patched(await inner.secureOutbound(connection, options)),
      // libp2p looks here for what its muxers and connections may rely on.
      [serviceCapabilities]: (inner as { [serviceCapabilities]?: unknown })[serviceCapabilities],
    } as ConnectionEncrypter
  }
}

function joinWrites(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  let held: Uint8Array[] = []
  let timer: NodeJS.Timeout | undefined
  const release = (): void => {
    timer = undefined
    const pieces = held
    held = []
    if (pieces.length > 0 && connection.status === 'open') send(join(pieces))
  }
  connection.addEventListener('close', () => clearTimeout(timer))
  connection.send = (chunk) => {
    const piece = flat(chunk)
    if (piece !== undefined && mayWait(piece)) {
      held.push(piece)
      timer ??= setTimeout(release, UPDATE_HELD_MS)
      return true
    }
    if (held.length === 0) return send(piece ?? chunk)
    clearTimeout(timer)
    timer = undefined
    const pieces = held
    held = []
    if (piece !== undefined) return send(join([...pieces, piece]))
    send(join(pieces))
    return send(chunk)
  }
}

/** One piece of bytes, unless it is long. */
function flat(chunk: Chunk): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk
  return chunk.byteLength <= JOINED_BYTES_MAX ? chunk.subarray() : undefined
}

/** A plain window update: version 0, no flag that opens or ends a stream, and not of much. */
function mayWait(piece: Uint8Array): boolean {
  if (piece.length !== YAMUX_HEADER_BYTES || piece[0] !== 0 || piece[1] !== YAMUX_WINDOW_UPDATE) return false
  if (piece[2] !== 0 || piece[3] !== 0) return false
  return new DataView(piece.buffer, piece.byteOffset).getUint32(8) < UPDATE_BYTES_URGENT
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
}
