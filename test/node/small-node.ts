/**
 * A small node for tests of the servers: a chain in memory, no transactions, the methods that ask
 * nothing of a block, and some that do what servers must cope with.
 */
import { createChain, genesisOf } from '../../src/chain/open-chain.ts';
import { CallMachines } from '../../src/node/execution/call-machines.ts';
import { Ledger } from '../../src/node/ledger/ledger.ts';
import { MemoryTransactionIndex } from '../../src/node/ledger/transaction-index.ts';
import { basicMethods } from '../../src/node/methods/basic.ts';
import { type Node, REQUEST_LIMITS } from '../../src/node/node.ts';
import type { TransactionPool } from '../../src/node/pool/pool.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { RpcError } from '../../src/node/rpc/errors.ts';
import { type MethodTable, method } from '../../src/node/rpc/method.ts';
import { Streamed, streamOf } from '../../src/node/rpc/streamed.ts';
import { readAny, readU64 } from '../../src/node/rpc/values.ts';
import { MemoryState } from '../../src/state/memory.ts';

const EMPTY_POOL: TransactionPool = {
  add: () => Promise.reject(new RpcError('transaction rejected', 'this pool takes none')),
  get: () => undefined,
  ready: () => [],
  content: () => ({ pending: new Map(), queued: new Map() }),
  nextNonce: () => Promise.resolve(0n),
  onReady: () => () => {},
};

/** How often something of it has happened. */
export interface Seen {
  aborted: number;
  closed: number;
  cancelled: number;
}

export interface SmallNode {
  readonly node: Node;
  readonly dispatcher: Dispatcher<Node>;
  readonly seen: Seen;
  close(): Promise<void>;
}

export async function smallNode(): Promise<SmallNode> {
  const spec = { chainId: 1337n, forks: [{ fork: 'cancun' }] } as const;
  const chain = await createChain(genesisOf({ spec, state: new MemoryState() }), {
    engine: 'interpreter',
  });
  const node: Node = {
    ledger: new Ledger({ chain, index: new MemoryTransactionIndex() }),
    machines: new CallMachines(),
    pool: EMPTY_POOL,
    limits: REQUEST_LIMITS,
    clientVersion: 'ironfly/test',
  };
  const seen = { aborted: 0, closed: 0, cancelled: 0 };
  const dispatcher = new Dispatcher(node, [basicMethods, oddMethods(seen)]);
  return { node, dispatcher, seen, close: () => chain.close() };
}

const PIECE = `"${'7'.repeat(65_534)}"`;

function oddMethods(seen: Seen): MethodTable<Node> {
  return {
    /** So many digits. */
    odd_large: method([readU64], (_: Node, [size]) => '7'.repeat(Number(size))),
    /** Longer than a text may be. */
    odd_longest: method([], () => Array<string>(20).fill('7'.repeat(1 << 25))),
    odd_echo: method([readAny], (_: Node, [value]) => value),
    /** Answers after so many milliseconds. */
    odd_later: method(
      [readU64],
      (_: Node, [ms]) => new Promise((resolve) => setTimeout(() => resolve('later'), Number(ms))),
    ),
    /** Ends only when it is told to. */
    odd_endless: method([], (_: Node, __, { signal }) => {
      return new Promise((__, reject) => {
        signal.addEventListener('abort', () => {
          seen.aborted += 1;
          reject(new RpcError('server error', 'told to end'));
        });
      });
    }),
    /** Is not told anything. */
    odd_deaf: method([], () => new Promise(() => {})),
    odd_throw: method([], () => {
      throw new Error('a bug');
    }),
    odd_bigint: method([], () => 1n),
    /** So many notifications, begun before it answers. */
    odd_subscribe: method([readU64], (_: Node, [count], { notify, onClose }) => {
      if (notify === undefined) throw new RpcError('method not supported', 'not over HTTP');
      onClose(() => {
        seen.closed += 1;
      });
      for (let index = 0; index < Number(count); index++) notify('odd_subscription', { index });
      return '0x1';
    }),
    /** So many notifications of so many characters, after it has answered. */
    odd_shower: method([readU64, readU64], (_: Node, [count, size], { notify }) => {
      const text = '7'.repeat(Number(size));
      let left = Number(count);
      const next = () => {
        if (left-- <= 0) return;
        notify?.('odd_subscription', { text });
        setImmediate(next);
      };
      setImmediate(next);
      return '0x2';
    }),
    /** A list of so many pieces of 64 KiB, made while it is sent. */
    odd_stream: method([readU64], (_: Node, [count], { signal }) =>
      streamOf(async (write) => {
        try {
          await write('[');
          for (let index = 0; index < Number(count); index++) {
            await write(index === 0 ? PIECE : `,${PIECE}`);
          }
          await write(']');
        } catch (error) {
          seen.cancelled += 1;
          throw error;
        }
      }, signal),
    ),
    /** A stream that breaks after its first piece. */
    odd_broken: method([], () => {
      async function* pieces(): AsyncGenerator<string> {
        yield '["';
        yield '7'.repeat(100_000);
        throw new Error('broken');
      }
      return new Streamed(pieces());
    }),
  };
}
