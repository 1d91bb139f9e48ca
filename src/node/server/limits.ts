/** What a client may cost its server: the one table, each limit with its reason. */

export interface ServerLimits {
  /** Bytes of a request, or of a batch of them. */
  readonly requestBytesMax: number;
  /** Bytes of all requests of an endpoint that are received or worked upon. */
  readonly requestBytesTogetherMax: number;
  /** Requests of a batch. */
  readonly batchMax: number;
  /**
   * Characters of an answer, and of all of a batch together; those in pieces (traces) may have
   * more, and do not count.
   */
  readonly answerCharactersMax: number;
  /** TCP connections of an endpoint, or connections of a socket of the file system. */
  readonly connectionsMax: number;
  /** Of these, WebSockets. */
  readonly webSocketsMax: number;
  /** Requests, or batches, of one connection that are worked upon at once; more are not read. */
  readonly requestsInFlightMax: number;
  /** Bytes of answers that one connection has not read; when there are more, it is closed. */
  readonly unsentBytesMax: number;
  /** Of all connections; when there are more, those that owe the oldest are closed. */
  readonly unsentBytesTogetherMax: number;
  /** How long an answer may stand still while it is read. */
  readonly unreadMsMax: number;
  /** Bytes of the headers of an HTTP request. */
  readonly headerBytesMax: number;
  /** How long headers, and a whole HTTP request, may take to come. */
  readonly headersMsMax: number;
  readonly receiveMsMax: number;
  /** How long an HTTP connection is kept for the next request. */
  readonly keepAliveMs: number;
  /** A WebSocket is asked this often whether it is there; one silent till the next is closed. */
  readonly pingMs: number;
  /** How long a request, or a batch, may take. */
  readonly requestMsMax: number;
  /** How long an answer in pieces may take once it has begun. */
  readonly streamMsMax: number;
  /** How long requests under way have when the server is closed. */
  readonly closeMsMax: number;
  /** Requests a second of one client, and how many at once; undefined: as many as it likes. */
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
}

const KIB = 1 << 10;
const MIB = 1 << 20;

export const SERVER_LIMITS: ServerLimits = {
  // As geth. A transaction of six blobs with its proofs has 1.7 MB. Parsed, the worst text takes
  // fifteen times its bytes.
  requestBytesMax: 5 * MIB,
  requestBytesTogetherMax: 64 * MIB,
  // As geth.
  batchMax: 1_000,
  // Traces and logs of a whole block; as one string, so well under V8's 512 MiB.
  answerCharactersMax: 64 * MIB,
  // Of some 20 kB each. Sockets have file descriptors, of which a process often has 1,024.
  connectionsMax: 800,
  webSocketsMax: 400,
  // Clients that send hundreds at once use batches.
  requestsInFlightMax: 64,
  // News that a busy chain makes in a minute. One answer may have more: it counts from then on.
  unsentBytesMax: 16 * MIB,
  unsentBytesTogetherMax: 256 * MIB,
  // As geth's write timeout; an answer that makes progress may take as long as it needs.
  unreadMsMax: 30_000,
  // A token is 200 bytes; browsers send some kB of cookies.
  headerBytesMax: 16 * KIB,
  headersMsMax: 10_000,
  // As geth's read timeout.
  receiveMsMax: 30_000,
  // As geth; longer than clients keep idle connections themselves, so that it is they who close.
  keepAliveMs: 120_000,
  // Proxies cut silent connections after a minute.
  pingMs: 30_000,
  // Twice what a call may take, for batches of them.
  requestMsMax: 60_000,
  // A trace of some gigabytes, read over a slow line.
  streamMsMax: 600_000,
  // Supervisors kill after ten.
  closeMsMax: 5_000,
  rate: undefined,
};

/** For a consensus client, which holds the secret: payloads of large blocks with their blobs. */
export const ENGINE_LIMITS: ServerLimits = {
  ...SERVER_LIMITS,
  requestBytesMax: 128 * MIB,
  requestBytesTogetherMax: 512 * MIB,
  answerCharactersMax: 256 * MIB,
};
