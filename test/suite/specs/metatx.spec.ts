/** ERC-2771: requests that another pays for; many calls in one. */
import { type Any, deploy, ethers, expect, helpers, type Signer } from '../chain.ts';

const FIELDS = ['from', 'to', 'value', 'gas', 'nonce', 'deadline', 'data'] as const;
const TYPES = ['address', 'address', 'uint256', 'uint256', 'uint256', 'uint48', 'bytes'] as const;

async function notebook() {
  const [payer, ann, bob] = await ethers.getSigners();
  const forwarder = await deploy('oz/ERC2771Forwarder', 'Forwarder');
  const book = await deploy('Notebook', forwarder);
  const deadline = (await helpers.time.latest()) + 1_000;
  return { forwarder, book, payer, ann, bob, deadline };
}

interface Request {
  readonly from: Signer;
  readonly book: Any;
  readonly forwarder: Any;
  readonly deadline: number;
  readonly data: string;
  readonly value?: bigint;
  readonly nonce?: bigint;
}

/** A request as the forwarder takes it, signed. */
async function signed({ from, book, forwarder, deadline, data, value = 0n, nonce }: Request) {
  const request = {
    ...{ from: from.address, to: await book.getAddress(), value, gas: 200_000n, deadline, data },
    nonce: nonce ?? (await forwarder.nonces(from)),
  };
  const { chainId } = await ethers.provider.getNetwork();
  const domain = {
    ...{ name: 'Forwarder', version: '1', chainId },
    verifyingContract: await forwarder.getAddress(),
  };
  const types = { ForwardRequest: FIELDS.map((name, i) => ({ name, type: TYPES[i] ?? '' })) };
  const signature = await from.signTypedData(domain, types, request);
  const { nonce: _, ...rest } = request;
  return { ...rest, signature };
}

describe('ERC2771', () => {
  it('writes in the name of who signed, paid by another', async () => {
    const { forwarder, book, payer, ann, deadline } = await helpers.loadFixture(notebook);
    const data = book.interface.encodeFunctionData('write', ['hello']);
    const request = await signed({ from: ann, book, forwarder, deadline, data });
    expect(await forwarder.verify(request)).to.equal(true);
    const before = await ethers.provider.getBalance(ann);
    await expect(forwarder.connect(payer).execute(request))
      .to.emit(book, 'Noted')
      .withArgs(ann.address, 'hello', 0n);
    expect(await ethers.provider.getBalance(ann)).to.equal(before);
    expect(await book.notes(ann)).to.equal('hello');
  });

  it('passes ether on', async () => {
    const { forwarder, book, ann, deadline } = await helpers.loadFixture(notebook);
    const data = book.interface.encodeFunctionData('write', ['paid']);
    const request = await signed({ from: ann, book, forwarder, deadline, data, value: 5n });
    await expect(forwarder.execute(request, { value: 5n }))
      .to.emit(book, 'Noted')
      .withArgs(ann.address, 'paid', 5n);
    await expect(forwarder.execute(request, { value: 4n }))
      .to.be.revertedWithCustomError(forwarder, 'ERC2771ForwarderMismatchedValue')
      .withArgs(5n, 4n);
  });

  it('takes a request once', async () => {
    const { forwarder, book, ann, deadline } = await helpers.loadFixture(notebook);
    const data = book.interface.encodeFunctionData('write', ['once']);
    const request = await signed({ from: ann, book, forwarder, deadline, data });
    await forwarder.execute(request);
    await expect(forwarder.execute(request)).to.be.revertedWithCustomError(
      forwarder,
      'ERC2771ForwarderInvalidSigner',
    );
  });

  it('takes none that another signed', async () => {
    const { forwarder, book, ann, bob, deadline } = await helpers.loadFixture(notebook);
    const data = book.interface.encodeFunctionData('write', ['forged']);
    const request = await signed({ from: bob, book, forwarder, deadline, data });
    const forged = { ...request, from: ann.address };
    expect(await forwarder.verify(forged)).to.equal(false);
    await expect(forwarder.execute(forged)).to.be.revertedWithCustomError(
      forwarder,
      'ERC2771ForwarderInvalidSigner',
    );
  });

  it('takes none that has expired', async () => {
    const { forwarder, book, ann, deadline } = await helpers.loadFixture(notebook);
    const data = book.interface.encodeFunctionData('write', ['late']);
    const request = await signed({ from: ann, book, forwarder, deadline, data });
    await helpers.time.increaseTo(deadline + 1);
    await expect(forwarder.execute(request))
      .to.be.revertedWithCustomError(forwarder, 'ERC2771ForwarderExpiredRequest')
      .withArgs(deadline);
  });

  it('does a batch, and pays back what a failing part did not need', async () => {
    const { forwarder, book, payer, ann, bob, deadline } = await helpers.loadFixture(notebook);
    const write = (note: string) => book.interface.encodeFunctionData('write', [note]);
    const parts = { book, forwarder, deadline };
    const good = await signed({ from: ann, data: write('good'), ...parts, value: 3n });
    const bad = await signed({ from: bob, data: write(''), ...parts, value: 4n });
    await forwarder.executeBatch([good, bad], payer, { value: 7n });
    expect(await book.notes(ann)).to.equal('good');
    expect(await book.notes(bob)).to.equal('');
    expect(await ethers.provider.getBalance(book)).to.equal(3n);
    expect(await forwarder.nonces(bob)).to.equal(1n);
  });

  it('trusts the forwarder alone', async () => {
    const { book, bob } = await helpers.loadFixture(notebook);
    const [caller] = await ethers.getSigners();
    const disguised = ethers.concat([
      book.interface.encodeFunctionData('write', ['disguise']),
      bob.address,
    ]);
    await caller.sendTransaction({ to: await book.getAddress(), data: disguised });
    expect(await book.notes(bob)).to.equal('');
    expect(await book.notes(caller)).to.equal('disguise');
  });
});

describe('Multicall', () => {
  it('does many calls as one', async () => {
    const { book, payer } = await helpers.loadFixture(notebook);
    const calls = ['one', 'two'].map((note) => book.interface.encodeFunctionData('write', [note]));
    const receipt = await (await book.multicall(calls)).wait();
    expect(receipt.logs.length).to.equal(2);
    expect(await book.notes(payer)).to.equal('two');
  });

  it('does none where one fails, and says why', async () => {
    const { book, payer } = await helpers.loadFixture(notebook);
    const calls = ['one', ''].map((note) => book.interface.encodeFunctionData('write', [note]));
    await expect(book.multicall(calls)).to.be.revertedWithCustomError(book, 'Empty');
    expect(await book.notes(payer)).to.equal('');
  });

  it('answers each', async () => {
    const { book, payer } = await helpers.loadFixture(notebook);
    await book.write('here');
    const call = book.interface.encodeFunctionData('notes', [payer.address]);
    const answers = await book.multicall.staticCall([call, call]);
    const [note] = book.interface.decodeFunctionResult('notes', answers[1]);
    expect(note).to.equal('here');
  });
});
