/** Methods that set the latest state by hand. */

import { keccak256 } from '../../../base/keccak.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import { readAddress, readData } from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';
import { named } from './aliases.ts';
import { readLooseU64, readLooseWord } from './values.ts';

const WORD_MAX = 2n ** 256n - 1n;

const setBalance = method([readAddress, readLooseWord], ({ dev }: DevNode, [address, balance]) =>
  dev.chain.edit(address, { balance }),
);

const setNonce = method([readAddress, readLooseU64], ({ dev }: DevNode, [address, nonce]) =>
  dev.chain.edit(address, { nonce }),
);

const setCode = method([readAddress, readData], ({ dev }: DevNode, [address, bytes]) => {
  const hash = bytes.length === 0 ? EMPTY_CODE_HASH : (`0x${keccak256(bytes).toHex()}` as const);
  return dev.chain.edit(address, { code: { hash, bytes } });
});

const setStorageAt = method(
  [readAddress, readLooseWord, readLooseWord],
  async ({ dev }: DevNode, [address, slot, value]) => {
    await dev.chain.edit(address, { slots: new Map([[slot, value]]) });
    return true;
  },
);

const addBalance = method(
  [readAddress, readLooseWord],
  async ({ dev, ledger }: DevNode, [address, added]) => {
    const view = await ledger.openView(ledger.head.hash);
    try {
      const { balance = 0n } = (await view.getAccount(address)) ?? {};
      if (balance + added > WORD_MAX) throw new RpcError('invalid params', 'balance overflow');
      await dev.chain.edit(address, { balance: balance + added });
    } finally {
      view.close();
    }
  },
);

export const devStateMethods: MethodTable<DevNode> = {
  ...named(['anvil', 'hardhat'], { setBalance, setNonce, setCode, setStorageAt, addBalance }),
  evm_setAccountNonce: setNonce,
  // Ganache's names, which viem uses for that mode.
  evm_setAccountBalance: setBalance,
  evm_setAccountCode: setCode,
  evm_setAccountStorageAt: setStorageAt,
};
