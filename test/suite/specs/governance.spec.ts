/** A governor that counts votes of a token and acts through a timelock; the timelock by itself. */
import { deploy, ethers, expect, helpers, ONE, type Signer } from '../chain.ts';

const { ZeroAddress, ZeroHash } = ethers;
const DELAY = 3_600;
const STATE = { Pending: 0n, Active: 1n, Canceled: 2n, Defeated: 3n, Succeeded: 4n, Queued: 5n };
const EXECUTED = 7n;
const VOTE = { Against: 0, For: 1, Abstain: 2 };

async function council() {
  const [proposer, ann, bob, eve] = await ethers.getSigners();
  const token = await deploy('Coin', 100n * ONE);
  await token.delegate(proposer);
  for (const [voter, tokens] of [
    [ann, 30n],
    [bob, 5n],
  ] as const) {
    await token.transfer(voter, tokens * ONE);
    await token.connect(voter).delegate(voter);
  }
  const timelock = await deploy('oz/TimelockController', DELAY, [], [ZeroAddress], proposer);
  const governor = await deploy('Council', token, timelock);
  await timelock.grantRole(await timelock.PROPOSER_ROLE(), governor);
  await timelock.grantRole(await timelock.CANCELLER_ROLE(), governor);
  const target = await deploy('Parameter', timelock);
  const data = target.interface.encodeFunctionData('set', [42n]);
  const text = 'set it to 42';
  const action = [[await target.getAddress()], [0n], [data], ethers.id(text)] as const;
  const id = await governor.hashProposal(...action);
  return { token, timelock, governor, target, action, id, text, proposer, ann, bob, eve };
}

async function proposed() {
  const all = await council();
  const [targets, values, datas] = all.action;
  await all.governor.propose(targets, values, datas, all.text);
  return all;
}

async function opened() {
  const all = await proposed();
  await helpers.mine(3);
  return all;
}

async function passed() {
  const all = await opened();
  await all.governor.castVote(all.id, VOTE.For);
  await helpers.mine(11);
  return all;
}

describe('Governor', () => {
  it('tells its settings', async () => {
    const { governor } = await helpers.loadFixture(council);
    expect(await governor.votingDelay()).to.equal(2n);
    expect(await governor.votingPeriod()).to.equal(10n);
    expect(await governor.proposalThreshold()).to.equal(ONE);
    expect(await governor.COUNTING_MODE()).to.equal('support=bravo&quorum=for,abstain');
  });

  it('takes no proposal of who has too few votes', async () => {
    const { governor, action, text, eve } = await helpers.loadFixture(council);
    const [targets, values, datas] = action;
    await expect(governor.connect(eve).propose(targets, values, datas, text))
      .to.be.revertedWithCustomError(governor, 'GovernorInsufficientProposerVotes')
      .withArgs(eve.address, 0n, ONE);
  });

  it('takes a proposal once', async () => {
    const { governor, action, id, text } = await helpers.loadFixture(proposed);
    const [targets, values, datas] = action;
    expect(await governor.state(id)).to.equal(STATE.Pending);
    await expect(governor.propose(targets, values, datas, text)).to.be.revertedWithCustomError(
      governor,
      'GovernorUnexpectedProposalState',
    );
  });

  it('fixes when votes begin and end', async () => {
    const { governor, id } = await helpers.loadFixture(proposed);
    const now = BigInt(await helpers.time.latestBlock());
    expect(await governor.proposalSnapshot(id)).to.equal(now + 2n);
    expect(await governor.proposalDeadline(id)).to.equal(now + 12n);
  });

  it('takes no vote before they begin', async () => {
    const { governor, id } = await helpers.loadFixture(proposed);
    await expect(governor.castVote(id, VOTE.For)).to.be.revertedWithCustomError(
      governor,
      'GovernorUnexpectedProposalState',
    );
  });

  it('weighs each vote', async () => {
    const { governor, id, proposer, ann, bob } = await helpers.loadFixture(opened);
    await expect(governor.castVoteWithReason(id, VOTE.For, 'better'))
      .to.emit(governor, 'VoteCast')
      .withArgs(proposer.address, id, 1n, 65n * ONE, 'better');
    await governor.connect(ann).castVote(id, VOTE.Against);
    await governor.connect(bob).castVote(id, VOTE.Abstain);
    expect(await governor.proposalVotes(id)).to.deep.equal([30n * ONE, 65n * ONE, 5n * ONE]);
  });

  it('takes one vote of each', async () => {
    const { governor, id, ann } = await helpers.loadFixture(opened);
    await governor.connect(ann).castVote(id, VOTE.For);
    await expect(governor.connect(ann).castVote(id, VOTE.Against))
      .to.be.revertedWithCustomError(governor, 'GovernorAlreadyCastVote')
      .withArgs(ann.address);
    expect(await governor.hasVoted(id, ann)).to.equal(true);
  });

  it('knows no fourth answer', async () => {
    const { governor, id } = await helpers.loadFixture(opened);
    await expect(governor.castVote(id, 3)).to.be.revertedWithCustomError(
      governor,
      'GovernorInvalidVoteType',
    );
  });

  it('does not count what was bought after the snapshot', async () => {
    const { governor, token, id, ann, eve } = await helpers.loadFixture(opened);
    await token.connect(ann).transfer(eve, 30n * ONE);
    await token.connect(eve).delegate(eve);
    await governor.connect(eve).castVote(id, VOTE.For);
    await governor.connect(ann).castVote(id, VOTE.Against);
    expect(await governor.proposalVotes(id)).to.deep.equal([30n * ONE, 0n, 0n]);
  });

  it('takes a vote by signature', async () => {
    const { governor, id, ann, eve } = await helpers.loadFixture(opened);
    const { chainId } = await ethers.provider.getNetwork();
    const domain = {
      ...{ name: 'Council', version: '1', chainId },
      verifyingContract: await governor.getAddress(),
    };
    const fields = [
      ['uint256', 'proposalId'],
      ['uint8', 'support'],
      ['address', 'voter'],
      ['uint256', 'nonce'],
    ];
    const types = { Ballot: fields.map(([type = '', name = '']) => ({ type, name })) };
    const ballot = { proposalId: id, support: VOTE.For, voter: ann.address, nonce: 0n };
    const signature = await ann.signTypedData(domain, types, ballot);
    await governor.connect(eve).castVoteBySig(id, VOTE.For, ann, signature);
    expect(await governor.hasVoted(id, ann)).to.equal(true);
    await expect(governor.castVoteBySig(id, VOTE.For, ann, signature))
      .to.be.revertedWithCustomError(governor, 'GovernorInvalidSignature')
      .withArgs(ann.address);
  });

  for (const [name, votes, state] of [
    ['nobody votes', [], STATE.Defeated],
    ['the quorum is missed', [['bob', VOTE.For]], STATE.Defeated],
    [
      'more are against',
      [
        ['ann', VOTE.Against],
        ['bob', VOTE.For],
      ],
      STATE.Defeated,
    ],
    [
      'more are for',
      [
        ['ann', VOTE.For],
        ['bob', VOTE.Against],
      ],
      STATE.Succeeded,
    ],
    [
      'abstentions make the quorum',
      [
        ['ann', VOTE.Abstain],
        ['bob', VOTE.For],
      ],
      STATE.Succeeded,
    ],
  ] as const) {
    it(`is ${state === STATE.Succeeded ? 'carried' : 'defeated'} where ${name}`, async () => {
      const all = await helpers.loadFixture(opened);
      const { governor, id } = all;
      for (const [voter, vote] of votes) await governor.connect(all[voter]).castVote(id, vote);
      expect(await governor.state(id)).to.equal(STATE.Active);
      await helpers.mine(11);
      expect(await governor.state(id)).to.equal(state);
    });
  }

  it('queues what passed, and does it after the delay', async () => {
    const { governor, timelock, target, action, id } = await helpers.loadFixture(passed);
    await governor.queue(...action);
    expect(await governor.state(id)).to.equal(STATE.Queued);
    expect(await governor.proposalEta(id)).to.equal(BigInt((await helpers.time.latest()) + DELAY));
    await expect(governor.execute(...action)).to.be.revertedWithCustomError(
      timelock,
      'TimelockUnexpectedOperationState',
    );
    await helpers.time.increase(DELAY);
    await expect(governor.execute(...action))
      .to.emit(target, 'ValueSet')
      .withArgs(0n, 42n);
    expect(await governor.state(id)).to.equal(EXECUTED);
    expect(await target.value()).to.equal(42n);
  });

  it('does nothing twice', async () => {
    const { governor, action } = await helpers.loadFixture(passed);
    await governor.queue(...action);
    await helpers.time.increase(DELAY);
    await governor.execute(...action);
    await expect(governor.execute(...action)).to.be.revertedWithCustomError(
      governor,
      'GovernorUnexpectedProposalState',
    );
  });

  it('does not queue what did not pass', async () => {
    const { governor, action } = await helpers.loadFixture(opened);
    await expect(governor.queue(...action)).to.be.revertedWithCustomError(
      governor,
      'GovernorUnexpectedProposalState',
    );
  });

  it('is withdrawn by its proposer before the vote', async () => {
    const { governor, action, id } = await helpers.loadFixture(proposed);
    await expect(governor.cancel(...action))
      .to.emit(governor, 'ProposalCanceled')
      .withArgs(id);
    expect(await governor.state(id)).to.equal(STATE.Canceled);
  });

  it('is withdrawn by nobody else', async () => {
    const { governor, action, id, eve } = await helpers.loadFixture(proposed);
    await expect(governor.connect(eve).cancel(...action))
      .to.be.revertedWithCustomError(governor, 'GovernorUnableToCancel')
      .withArgs(id, eve.address);
  });

  it('is governed by itself alone', async () => {
    const { governor, proposer } = await helpers.loadFixture(council);
    await expect(governor.setVotingDelay(1n))
      .to.be.revertedWithCustomError(governor, 'GovernorOnlyExecutor')
      .withArgs(proposer.address);
  });
});

describe('TimelockController', () => {
  async function timelocked() {
    const [admin, proposer, executor, eve] = await ethers.getSigners();
    const timelock = await deploy(
      'oz/TimelockController',
      ...[DELAY, [proposer.address], [executor.address], admin],
    );
    const target = await deploy('Parameter', timelock);
    const set = (value: bigint) => target.interface.encodeFunctionData('set', [value]);
    return { timelock, target, set, admin, proposer, executor, eve };
  }

  it('schedules, waits, executes', async () => {
    const { timelock, target, set, proposer, executor } = await helpers.loadFixture(timelocked);
    const operation = [target, 0n, set(9n), ZeroHash, ZeroHash] as const;
    const id = await timelock.hashOperation(...operation);
    await expect(timelock.connect(proposer).schedule(...operation, DELAY))
      .to.emit(timelock, 'CallScheduled')
      .withArgs(id, 0n, await target.getAddress(), 0n, set(9n), ZeroHash, DELAY);
    expect(await timelock.isOperationPending(id)).to.equal(true);
    await expect(timelock.connect(executor).execute(...operation)).to.be.revertedWithCustomError(
      timelock,
      'TimelockUnexpectedOperationState',
    );
    await helpers.time.increase(DELAY);
    expect(await timelock.isOperationReady(id)).to.equal(true);
    await timelock.connect(executor).execute(...operation);
    expect(await target.value()).to.equal(9n);
    expect(await timelock.isOperationDone(id)).to.equal(true);
  });

  it('waits for no less than its least delay', async () => {
    const { timelock, target, set, proposer } = await helpers.loadFixture(timelocked);
    await expect(
      timelock.connect(proposer).schedule(target, 0n, set(1n), ZeroHash, ZeroHash, DELAY - 1),
    )
      .to.be.revertedWithCustomError(timelock, 'TimelockInsufficientDelay')
      .withArgs(DELAY - 1, DELAY);
  });

  it('keeps the order of operations that follow others', async () => {
    const { timelock, target, set, proposer, executor } = await helpers.loadFixture(timelocked);
    const first = [target, 0n, set(1n), ZeroHash, ZeroHash] as const;
    const firstId = await timelock.hashOperation(...first);
    const second = [target, 0n, set(2n), firstId, ZeroHash] as const;
    await timelock.connect(proposer).schedule(...first, DELAY);
    await timelock.connect(proposer).schedule(...second, DELAY);
    await helpers.time.increase(DELAY);
    await expect(timelock.connect(executor).execute(...second))
      .to.be.revertedWithCustomError(timelock, 'TimelockUnexecutedPredecessor')
      .withArgs(firstId);
    await timelock.connect(executor).execute(...first);
    await timelock.connect(executor).execute(...second);
    expect(await target.value()).to.equal(2n);
  });

  it('executes a batch whole, with ether', async () => {
    const { timelock, target, set, proposer, executor } = await helpers.loadFixture(timelocked);
    const batch = [[target, target], [0n, ONE], [set(1n), set(2n)], ZeroHash, ZeroHash] as const;
    await timelock.connect(proposer).scheduleBatch(...batch, DELAY);
    await helpers.time.increase(DELAY);
    await timelock.connect(executor).executeBatch(...batch, { value: ONE });
    expect(await target.value()).to.equal(2n);
    expect(await ethers.provider.getBalance(target)).to.equal(ONE);
  });

  it('passes on why an operation failed', async () => {
    const { timelock, proposer, executor, eve } = await helpers.loadFixture(timelocked);
    const foreign = await deploy('Parameter', eve as Signer);
    const data = foreign.interface.encodeFunctionData('set', [1n]);
    const operation = [foreign, 0n, data, ZeroHash, ZeroHash] as const;
    await timelock.connect(proposer).schedule(...operation, DELAY);
    await helpers.time.increase(DELAY);
    await expect(timelock.connect(executor).execute(...operation))
      .to.be.revertedWithCustomError(foreign, 'OwnableUnauthorizedAccount')
      .withArgs(await timelock.getAddress());
  });

  it('is cancelled by a proposer', async () => {
    const { timelock, target, set, proposer, executor } = await helpers.loadFixture(timelocked);
    const operation = [target, 0n, set(9n), ZeroHash, ZeroHash] as const;
    const id = await timelock.hashOperation(...operation);
    await timelock.connect(proposer).schedule(...operation, DELAY);
    await expect(timelock.connect(proposer).cancel(id)).to.emit(timelock, 'Cancelled').withArgs(id);
    await helpers.time.increase(DELAY);
    await expect(timelock.connect(executor).execute(...operation)).to.be.revertedWithCustomError(
      timelock,
      'TimelockUnexpectedOperationState',
    );
  });

  it('changes its delay through itself alone', async () => {
    const { timelock, admin } = await helpers.loadFixture(timelocked);
    await expect(timelock.updateDelay(0n))
      .to.be.revertedWithCustomError(timelock, 'TimelockUnauthorizedCaller')
      .withArgs(admin.address);
    const address = await timelock.getAddress();
    await helpers.setBalance(address, ONE);
    const itself = await ethers.getImpersonatedSigner(address);
    await expect(timelock.connect(itself).updateDelay(5n))
      .to.emit(timelock, 'MinDelayChange')
      .withArgs(DELAY, 5n);
  });
});
