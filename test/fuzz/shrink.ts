/** Makes a case that fails as small as it can be made while it still fails. */
import type { Case, CaseAccount, CaseTransaction } from '../differential/case.ts';

/** Runs of the test that one shrinking may cost. */
const ATTEMPTS_MAX = 1_500;

/** @param fails whether a case still shows the difference */
export async function shrink(test: Case, fails: (test: Case) => Promise<boolean>): Promise<Case> {
  let best = test;
  let attempts = 0;
  const attempt = async (next: Case): Promise<boolean> => {
    attempts += 1;
    if (attempts > ATTEMPTS_MAX) return false;
    try {
      if (!(await fails(next))) return false;
    } catch {
      return false;
    }
    best = next;
    return true;
  };
  for (let before = ''; ; ) {
    await dropItems(best.transactions, (transactions) => attempt({ ...best, transactions }));
    await dropItems(best.accounts, (accounts) => attempt({ ...best, accounts }));
    for (const index of best.transactions.keys()) await simplify(best, index, attempt);
    for (const index of best.accounts.keys()) await shorten(best, index, attempt);
    const now = JSON.stringify(best, (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    if (now === before || attempts > ATTEMPTS_MAX) return best;
    before = now;
  }
}

async function dropItems<T>(
  items: readonly T[],
  attempt: (left: readonly T[]) => Promise<boolean>,
): Promise<void> {
  let left = items;
  for (let index = items.length - 1; index >= 0; index--) {
    const fewer = left.filter((_, other) => other !== index);
    if (await attempt(fewer)) left = fewer;
  }
}

type Attempt = (test: Case) => Promise<boolean>;

async function simplify(test: Case, index: number, attempt: Attempt): Promise<void> {
  let current = test.transactions[index] as CaseTransaction;
  const parts: Partial<CaseTransaction>[] = [
    { data: new Uint8Array() },
    { value: 0n },
    { accessList: [] },
    { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
    { type: 0, authorizationList: [], blobVersionedHashes: [] },
  ];
  for (const part of parts) {
    const next = { ...current, ...part };
    const transactions = test.transactions.with(index, next);
    if (await attempt({ ...test, transactions })) current = next;
  }
}

/** Takes code away in ever smaller pieces, or puts STOPs in its place: jumps keep their targets. */
async function shorten(test: Case, index: number, attempt: Attempt): Promise<void> {
  let account = test.accounts[index] as CaseAccount;
  const replace = async (next: CaseAccount): Promise<boolean> => {
    const done = await attempt({ ...test, accounts: test.accounts.with(index, next) });
    if (done) account = next;
    return done;
  };
  await replace({ ...account, storage: new Map() });
  for (let size = account.code.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = account.code.length - size; at >= 0; at -= size) {
      const { code } = account;
      const without = Uint8Array.from([...code.subarray(0, at), ...code.subarray(at + size)]);
      if (await replace({ ...account, code: without })) continue;
      if (code.subarray(at, at + size).every((byte) => byte === JUMPDEST)) continue;
      await replace({ ...account, code: Uint8Array.from(code).fill(JUMPDEST, at, at + size) });
    }
  }
}

/** Does nothing and moves nothing. */
const JUMPDEST = 0x5b;
