/** A devnet as it runs: a consensus client in miniature, the node that it drives, an account. */

import type { Hash } from '../../src/evm/types.ts';
import { Beacon, must } from './beacon.ts';
import { ACCOUNTS, type DevnetTimes } from './devnet-genesis.ts';
import { type NodePlace, NodeProcess, RpcClient } from './node-process.ts';
import { transfer } from './transactions.ts';

export class Devnet {
  readonly beacon: Beacon;
  readonly secret: Uint8Array;
  readonly place: NodePlace;
  /** Anybody's questions. */
  rpc: RpcClient;
  node: NodeProcess;
  restarts = 0;
  /** Of account 0. */
  #nonce = 0n;

  private constructor(parts: Pick<Devnet, 'beacon' | 'secret' | 'place' | 'rpc' | 'node'>) {
    this.beacon = parts.beacon;
    this.secret = parts.secret;
    this.place = parts.place;
    this.rpc = parts.rpc;
    this.node = parts.node;
  }

  static async start(place: NodePlace, secret: Uint8Array, times: DevnetTimes): Promise<Devnet> {
    const node = await NodeProcess.start(place);
    const rpc = new RpcClient(node.url('http'));
    const first = await rpc.call<{ readonly hash: Hash }>('eth_getBlockByNumber', '0x0', false);
    const engine = RpcClient.engine(node.url('engine'), secret);
    const beacon = new Beacon(engine, times, first.hash);
    return new Devnet({ beacon, secret, place, rpc, node });
  }

  /** Ends the node in one way or the other, and starts it again. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const code = await this.node.end(signal);
    if (signal === 'SIGTERM') must(code === 0, 'a graceful end with code 0', code);
    this.node = await NodeProcess.start(this.place);
    this.rpc = new RpcClient(this.node.url('http'));
    this.beacon.engine = RpcClient.engine(this.node.url('engine'), this.secret);
    this.restarts += 1;
  }

  /** Sends a transfer with a tip in gwei; its hash. */
  async pay(tip = 2n): Promise<Hash> {
    const to = `0x${'aa'.repeat(20)}` as const;
    const { raw, hash } = transfer({ from: 0, nonce: this.#nonce, to, tip });
    const sent = await this.rpc.call<Hash>('eth_sendRawTransaction', raw);
    must(sent === hash, `the hash ${hash}`, sent);
    this.#nonce += 1n;
    return hash;
  }

  /** What was sent and not answered may have been taken, or not. */
  async nonceFromChain(): Promise<void> {
    const { address } = ACCOUNTS[0] as (typeof ACCOUNTS)[number];
    this.#nonce = BigInt(await this.rpc.call('eth_getTransactionCount', address, 'pending'));
  }

  /** A block as everybody sees it. */
  async block(tag: string): Promise<{ readonly number: bigint; readonly hash: Hash }> {
    const block = await this.rpc.call<{ readonly number: string; readonly hash: Hash } | null>(
      'eth_getBlockByNumber',
      tag,
      false,
    );
    must(block !== null, `a ${tag} block`);
    return { number: BigInt(block.number), hash: block.hash };
  }
}
