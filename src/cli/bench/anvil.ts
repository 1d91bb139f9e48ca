/**
 * Anvil (revm with its inspector loop) as a peer: the binary that npm delivers, asked over IPC for
 * `eth_call`s of contracts that are set in its state. What the socket costs is measured by calls of
 * nothing, and subtracted by who reports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CALL_GAS, CALLER, type Workload, type WorkloadAccount } from './workload.ts';

export interface Anvil {
  /** Puts the accounts of a workload into the state. */
  load(workload: Workload): Promise<void>;
  /** Milliseconds of one call as the socket sees it, and its output. */
  call(workload: Workload): Promise<{ readonly ms: number; readonly output: string }>;
  /** Milliseconds of a call of nothing. */
  callNothing(): Promise<number>;
  stop(): void;
}

const EMPTY = `0x${'e0'.padStart(40, '0')}`;
const START_MS_MAX = 20_000;

export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** An Anvil that is asked by JSON-RPC over IPC. */
export interface AnvilProcess {
  readonly ask: Ask;
  stop(): void;
}

/**
 * A shell's program that runs a server until its own standard input ends, as it does however the
 * process at the other end ends, SIGKILL included; then a folder goes, too.
 */
const WHILE_WE_LIVE = `
exec 3<&0
folder=$1; shift
"$@" 3<&- & server=$!
(cat <&3; kill $server; wait; rm -rf "$folder") > /dev/null 2>&1 &
wait $server`;

/** Starts Anvil with further options; undefined where npm has no binary for this platform. */
export async function launchAnvil(options: readonly string[]): Promise<AnvilProcess | undefined> {
  const binary = findBinary();
  if (binary === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-anvil-'));
  const path = join(folder, 'ipc');
  const started = start(folder, [
    binary,
    ...['--ipc', path, '--host', '127.0.0.1', '--port', '0', '--silent', '--no-mining'],
    // Gigabytes of states that snapshots keep, in the home folder otherwise, where they stay.
    ...['--cache-path', join(folder, 'states')],
    ...['--memory-limit', '4294967296', ...options],
  ]);
  const socket = await open(path, started);
  return {
    ask: conversation(socket),
    stop: () => {
      socket.destroy();
      started.stop();
    },
  };
}

interface Started {
  readonly process: ChildProcess;
  stop(): void;
}

/** Starts a program that does not outlive this one, and a folder that goes with it. */
function start(folder: string, [program = '', ...options]: readonly string[]): Started {
  if (process.platform !== 'win32') {
    const shell = ['-c', WHILE_WE_LIVE, 'sh', folder, program, ...options];
    const started = spawn('/bin/sh', shell, { stdio: ['pipe', 'ignore', 'ignore'] });
    // They keep no process alive that has nothing else to do.
    started.unref();
    (started.stdin as unknown as Socket).unref();
    return { process: started, stop: () => started.stdin.destroy() };
  }
  const started = spawn(program, options, { stdio: 'ignore' });
  const stop = (): void => {
    process.off('exit', stop);
    started.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', stop);
  return { process: started, stop };
}

/** Starts Anvil as a peer of the benchmark; undefined where npm has no binary. */
export async function startAnvil(): Promise<Anvil | undefined> {
  const limits = ['--disable-block-gas-limit', '--disable-code-size-limit'];
  const anvil = await launchAnvil(['--hardfork', 'osaka', ...limits]);
  if (anvil === undefined) return undefined;
  const { ask, stop } = anvil;
  const call = (to: string, input: Uint8Array) => {
    const gas = `0x${CALL_GAS.toString(16)}`;
    return ask('eth_call', [{ from: CALLER, to, data: `0x${input.toHex()}`, gas }, 'latest']);
  };
  return {
    load: async ({ accounts }) => {
      for (const account of accounts) await setAccount(ask, account);
    },
    call: async ({ to, input }) => {
      const start = performance.now();
      const output = (await call(to, input)) as string;
      return { ms: performance.now() - start, output };
    },
    callNothing: async () => {
      const start = performance.now();
      await call(EMPTY, new Uint8Array());
      return performance.now() - start;
    },
    stop,
  };
}

async function setAccount(ask: Ask, account: WorkloadAccount): Promise<void> {
  const { address, code, balance, nonce, storage } = account;
  const word = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`;
  await ask('anvil_setCode', [address, `0x${code.toHex()}`]);
  await ask('anvil_setNonce', [address, `0x${nonce.toString(16)}`]);
  await ask('anvil_setBalance', [address, `0x${balance.toString(16)}`]);
  for (const [slot, value] of storage) {
    await ask('anvil_setStorageAt', [address, word(slot), word(value)]);
  }
}

/** The path of one of Foundry's programs; undefined where npm has none for this platform. */
export function findBinary(name: 'anvil' | 'cast' | 'forge' = 'anvil'): string | undefined {
  const os = process.platform === 'win32' ? 'win32' : process.platform;
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const load = createRequire(import.meta.url);
    const manifest = load.resolve(`@foundry-rs/${name}-${os}-${cpu}/package.json`);
    const file = process.platform === 'win32' ? `${name}.exe` : name;
    const binary = join(dirname(manifest), 'bin', file);
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Connects once the socket exists. @throws when Anvil ends or takes too long */
async function open(path: string, { process: anvil, stop }: Started): Promise<Socket> {
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline) {
    if (anvil.exitCode !== null) throw new Error(`anvil ended with ${anvil.exitCode}`);
    if (existsSync(path)) {
      const socket = connect(path);
      const connected = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (connected) return socket;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stop();
  throw new Error(`anvil opened no socket within ${START_MS_MAX} ms`);
}

/** JSON-RPC, one request at a time. */
function conversation(socket: Socket): Ask {
  let buffered = '';
  let waiting: ((text: string) => boolean) | undefined;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    if (waiting?.(buffered) === true) buffered = '';
  });
  let id = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      id += 1;
      waiting = (text) => {
        // An answer is whole when its last brace has come.
        if (!text.trimEnd().endsWith('}')) return false;
        let answer: { result?: unknown; error?: { message: string } };
        try {
          answer = JSON.parse(text) as typeof answer;
        } catch {
          return false;
        }
        waiting = undefined;
        if (answer.error !== undefined) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
        return true;
      };
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
}
