/**
 * Why something from a peer was not taken. A peer's fault is never an exception: it is counted under
 * `rejected.<reason>`, and costs nothing else.
 */
export type Rejection =
  | 'malformed-frame'
  | 'malformed-message'
  | 'unknown-sender'
  | 'wrong-view'
  | 'bad-signature'
  | 'bad-certificate'
  | 'bad-batch'
  | 'foreign-vouching'
  | 'unwanted-reply'
  | 'bad-block'
  | 'ended-view'
  | 'bad-manifest'
  | 'bad-chunk'
  | 'bad-snapshot'
