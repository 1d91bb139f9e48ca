/**
 * The pool as clients of a development chain see it: where blocks come at once, what was sent is
 * in a block when the answer comes.
 */

import type { Address, Hash } from '../../evm/types.ts';
import type { MemoryPool } from '../pool/memory-pool.ts';
import type { TransactionPool } from '../pool/pool.ts';
import type { DevChain } from './dev-chain.ts';
import type { Sendable } from './wallet.ts';

export class DevPool implements TransactionPool {
  readonly #pool: MemoryPool;
  readonly #chain: DevChain;

  constructor(pool: MemoryPool, chain: DevChain) {
    this.#pool = pool;
    this.#chain = chain;
  }

  async add(sent: Uint8Array): Promise<Hash> {
    const hash = await this.#pool.add(sent);
    await this.#chain.mineAdded(hash);
    return hash;
  }

  /** What the chain's wallet made. @throws RpcError */
  async send(sendable: Sendable): Promise<Hash> {
    const hash = await this.#pool.addOf(sendable);
    await this.#chain.mineAdded(hash);
    return hash;
  }

  get: TransactionPool['get'] = (hash) => this.#pool.get(hash);
  ready: TransactionPool['ready'] = () => this.#pool.ready();
  content: TransactionPool['content'] = () => this.#pool.content();
  nextNonce = (sender: Address): Promise<bigint> => this.#pool.nextNonce(sender);
  onReady: TransactionPool['onReady'] = (listener) => this.#pool.onReady(listener);
}
