import { expect } from 'vitest'

/** One message of GET /v1/events. */
export interface BlockEvent {
  readonly id: number
  readonly data: {
    readonly height: number
    readonly hash: string
    readonly transactions: readonly {
      readonly id: string
      readonly status: string
      readonly code: string
      readonly events: readonly { readonly name: string; readonly data: Record<string, unknown> }[]
    }[]
  }
}

/** Checks that an answer is a problem document, whole and with a remedy, and that its status is the one of HTTP. */
export async function expectProblem(
  response: Response,
  status: number,
  code: string,
): Promise<Record<string, unknown>> {
  const text = await response.text()
  expect(response.headers.get('content-type'), text).toMatch(/^application\/problem\+json/)
  const problem = JSON.parse(text) as Record<string, unknown>
  expect(problem).toMatchObject({ code, status, type: `urn:etalon:problem:${code}` })
  expect(response.status).toBe(status)
  for (const field of ['title', 'detail', 'remedy']) expect(problem[field], field).toMatch(/\S/)
  return problem
}

export const post = (url: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer> | string,
    headers: {
      'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      ...headers,
    },
  })

/** Listens to server-sent events until enough came. */
export async function blockEvents(
  url: string,
  enough: (events: readonly BlockEvent[]) => boolean,
  lastEventId?: string,
) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Error(`not enough events of ${url}`)), 10_000)
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const events: BlockEvent[] = []
  try {
    const response = await fetch(url, { headers, signal: controller.signal })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of response.body ?? expect.fail('no body')) {
      rest += decoder.decode(chunk, { stream: true })
      const messages = rest.split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) {
        const event = parseEvent(message)
        if (event !== undefined) events.push(event)
        if (enough(events)) return events
      }
    }
    throw new Error(`the stream ended after ${events.length} events`)
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

function parseEvent(message: string): BlockEvent | undefined {
  const fields = new Map(
    message.split('\n').map((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)] as const
    }),
  )
  if (fields.get('event') !== 'block') return undefined
  return { id: Number(fields.get('id')), data: JSON.parse(fields.get('data') ?? '') }
}
