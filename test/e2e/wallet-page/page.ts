/** A page that trades with whatever wallet the browser has, by EIP-6963, and asks a node itself. */
import { BrowserProvider, Contract, ContractFactory, JsonRpcProvider } from 'ethers';

const { url, abi, bytecode, stranger } = (await (await fetch('/files/page.json')).json()) as {
  readonly url: string;
  readonly abi: readonly string[];
  readonly bytecode: string;
  readonly stranger: string;
};
const node = new JsonRpcProvider(url);
const found = await BrowserProvider.discover();
if (found === null) throw new Error('no wallet said that it is here');
const wallet = found;
let counter: Contract;

const ACTIONS: Readonly<Record<string, () => Promise<string>>> = {
  connect: async () => {
    const signer = await wallet.getSigner();
    const { chainId } = await wallet.getNetwork();
    return `${signer.address} on ${chainId}`;
  },
  sign: async () => (await wallet.getSigner()).signMessage('I trade here'),
  'sign typed': async () => (await wallet.getSigner()).signTypedData(...order()),
  send: async () => {
    const signer = await wallet.getSigner();
    const sent = await signer.sendTransaction({ to: stranger, value: 1_000_000_000n });
    const receipt = await sent.wait();
    return `${receipt?.status} in ${receipt?.blockNumber}, has ${await node.getBalance(stranger)}`;
  },
  deploy: async () => {
    const factory = new ContractFactory(abi, bytecode, await wallet.getSigner());
    const deployed = await factory.deploy(5n);
    await deployed.waitForDeployment();
    counter = new Contract(await deployed.getAddress(), abi, await wallet.getSigner());
    return String(await counter.getFunction('count')());
  },
  add: async () => {
    await (await counter.getFunction('add')(7n)).wait();
    return String(await counter.getFunction('count')());
  },
  'add too much': async () => {
    try {
      // Asked of the node: this wallet passes no reasons on.
      await new Contract(counter.target, abi, node).getFunction('add').staticCall(101n);
    } catch (error) {
      const { revert } = error as { revert?: { name: string; args: readonly unknown[] } };
      return `${revert?.name} ${revert?.args.join(' ')}`;
    }
    return 'taken';
  },
};

/** EIP-712, as exchanges have their orders signed. */
function order(): Parameters<Awaited<ReturnType<typeof wallet.getSigner>>['signTypedData']> {
  const domain = { name: 'Exchange', chainId: 31_337 };
  const types = { Order: [{ name: 'price', type: 'uint256' }] };
  return [domain, types, { price: 25n }];
}

for (const [name, act] of Object.entries(ACTIONS)) {
  const button = document.createElement('button');
  const answer = document.createElement('output');
  button.textContent = name;
  answer.dataset['of'] = name;
  button.addEventListener('click', () => {
    act().then(
      (text) => answer.append(text),
      (error: unknown) => answer.append(`failed: ${(error as Error).message}`),
    );
  });
  const line = document.createElement('p');
  line.append(button, ' ', answer);
  document.body.append(line);
}
