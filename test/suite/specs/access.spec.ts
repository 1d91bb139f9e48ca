/** Who may do what: owners in two steps, roles, the heir of an administrator, an access manager. */
import { at, deploy, ethers, expect, helpers } from '../chain.ts';

const { ZeroAddress, ZeroHash } = ethers;

describe('Ownable2Step', () => {
  async function parameter() {
    const [owner, ann, bob] = await ethers.getSigners();
    return { contract: await deploy('Parameter', owner), owner, ann, bob };
  }

  it('takes no owner that is nobody', async () => {
    const { contract } = await helpers.loadFixture(parameter);
    await expect(deploy('Parameter', ZeroAddress))
      .to.be.revertedWithCustomError(contract, 'OwnableInvalidOwner')
      .withArgs(ZeroAddress);
  });

  it('obeys its owner alone', async () => {
    const { contract, ann } = await helpers.loadFixture(parameter);
    await expect(contract.set(5n)).to.emit(contract, 'ValueSet').withArgs(0n, 5n);
    await expect(contract.connect(ann).set(6n))
      .to.be.revertedWithCustomError(contract, 'OwnableUnauthorizedAccount')
      .withArgs(ann.address);
    expect(await contract.value()).to.equal(5n);
  });

  it('is handed over once the other accepts', async () => {
    const { contract, owner, ann } = await helpers.loadFixture(parameter);
    await expect(contract.transferOwnership(ann))
      .to.emit(contract, 'OwnershipTransferStarted')
      .withArgs(owner.address, ann.address);
    expect(await contract.owner()).to.equal(owner.address);
    expect(await contract.pendingOwner()).to.equal(ann.address);
    await expect(contract.connect(ann).acceptOwnership())
      .to.emit(contract, 'OwnershipTransferred')
      .withArgs(owner.address, ann.address);
    expect(await contract.pendingOwner()).to.equal(ZeroAddress);
  });

  it('is accepted by none but the one named last', async () => {
    const { contract, ann, bob } = await helpers.loadFixture(parameter);
    await contract.transferOwnership(ann);
    await contract.transferOwnership(bob);
    await expect(contract.connect(ann).acceptOwnership())
      .to.be.revertedWithCustomError(contract, 'OwnableUnauthorizedAccount')
      .withArgs(ann.address);
    await contract.connect(bob).acceptOwnership();
    expect(await contract.owner()).to.equal(bob.address);
  });

  it('is given up', async () => {
    const { contract } = await helpers.loadFixture(parameter);
    await contract.renounceOwnership();
    expect(await contract.owner()).to.equal(ZeroAddress);
    await expect(contract.set(1n)).to.be.revertedWithCustomError(
      contract,
      'OwnableUnauthorizedAccount',
    );
  });
});

describe('AccessControl', () => {
  async function staff() {
    const [admin, chief, clerk, eve] = await ethers.getSigners();
    const contract = await deploy('Staff');
    const [CHIEF, CLERK] = [await contract.CHIEF(), await contract.CLERK()];
    await contract.grantRole(CHIEF, chief);
    return { contract, admin, chief, clerk, eve, CHIEF, CLERK };
  }

  it('lets each role be given by its own administrator', async () => {
    const { contract, admin, chief, clerk, CHIEF, CLERK } = await helpers.loadFixture(staff);
    expect(await contract.getRoleAdmin(CLERK)).to.equal(CHIEF);
    await expect(contract.grantRole(CLERK, clerk))
      .to.be.revertedWithCustomError(contract, 'AccessControlUnauthorizedAccount')
      .withArgs(admin.address, CHIEF);
    await expect(contract.connect(chief).grantRole(CLERK, clerk))
      .to.emit(contract, 'RoleGranted')
      .withArgs(CLERK, clerk.address, chief.address);
    expect(await contract.connect(clerk).file()).to.equal(true);
  });

  it('logs nothing for what is so already', async () => {
    const { contract, chief, CHIEF } = await helpers.loadFixture(staff);
    await expect(contract.grantRole(CHIEF, chief)).not.to.emit(contract, 'RoleGranted');
  });

  it('takes a role away', async () => {
    const { contract, admin, chief, clerk, CHIEF, CLERK } = await helpers.loadFixture(staff);
    await expect(contract.revokeRole(CHIEF, chief))
      .to.emit(contract, 'RoleRevoked')
      .withArgs(CHIEF, chief.address, admin.address);
    await expect(contract.connect(chief).grantRole(CLERK, clerk)).to.be.revertedWithCustomError(
      contract,
      'AccessControlUnauthorizedAccount',
    );
  });

  it('lets one give up one’s own role alone', async () => {
    const { contract, chief, eve, CHIEF } = await helpers.loadFixture(staff);
    await expect(contract.connect(eve).renounceRole(CHIEF, chief)).to.be.revertedWithCustomError(
      contract,
      'AccessControlBadConfirmation',
    );
    await contract.connect(chief).renounceRole(CHIEF, chief);
    expect(await contract.hasRole(CHIEF, chief)).to.equal(false);
  });

  it('enumerates who has a role', async () => {
    const { contract, chief, clerk, eve, CHIEF } = await helpers.loadFixture(staff);
    await contract.grantRole(CHIEF, clerk);
    await contract.grantRole(CHIEF, eve);
    await contract.revokeRole(CHIEF, chief);
    expect(await contract.getRoleMemberCount(CHIEF)).to.equal(2n);
    expect(await contract.getRoleMembers(CHIEF)).to.deep.equal([eve.address, clerk.address]);
  });
});

describe('AccessControlDefaultAdminRules', () => {
  const DELAY = 86_400;

  async function heir() {
    const [admin, ann, eve] = await ethers.getSigners();
    return { contract: await deploy('Heir', DELAY), admin, ann, eve };
  }

  it('grants the administrator’s role to nobody directly', async () => {
    const { contract, ann } = await helpers.loadFixture(heir);
    await expect(contract.grantRole(ZeroHash, ann)).to.be.revertedWithCustomError(
      contract,
      'AccessControlEnforcedDefaultAdminRules',
    );
  });

  it('changes hands after the delay', async () => {
    const { contract, ann } = await helpers.loadFixture(heir);
    await contract.beginDefaultAdminTransfer(ann);
    const [pending, schedule] = await contract.pendingDefaultAdmin();
    expect(pending).to.equal(ann.address);
    expect(schedule).to.equal(BigInt((await helpers.time.latest()) + DELAY));
    await expect(contract.connect(ann).acceptDefaultAdminTransfer())
      .to.be.revertedWithCustomError(contract, 'AccessControlEnforcedDefaultAdminDelay')
      .withArgs(schedule);
    await helpers.time.increaseTo(Number(schedule) + 1);
    await contract.connect(ann).acceptDefaultAdminTransfer();
    expect(await contract.defaultAdmin()).to.equal(ann.address);
  });

  it('is taken back before it is accepted', async () => {
    const { contract, ann } = await helpers.loadFixture(heir);
    await contract.beginDefaultAdminTransfer(ann);
    await expect(contract.cancelDefaultAdminTransfer()).to.emit(
      contract,
      'DefaultAdminTransferCanceled',
    );
    await helpers.time.increase(DELAY + 2);
    await expect(contract.connect(ann).acceptDefaultAdminTransfer())
      .to.be.revertedWithCustomError(contract, 'AccessControlInvalidDefaultAdmin')
      .withArgs(ann.address);
  });
});

describe('AccessManager', () => {
  const ROLE = 7n;
  const DELAY = 3_600;

  async function managed() {
    const [admin, ann, eve] = await ethers.getSigners();
    const manager = await deploy('oz/AccessManager', admin);
    const counter = await deploy('ManagedCounter', manager);
    const increase = counter.interface.getFunction('increase').selector;
    await manager.setTargetFunctionRole(counter, [increase], ROLE);
    return { manager, counter, admin, ann, eve, data: increase };
  }

  it('opens a function to a role', async () => {
    const { manager, counter, ann, eve } = await helpers.loadFixture(managed);
    await manager.grantRole(ROLE, ann, 0);
    await counter.connect(ann).increase();
    expect(await counter.count()).to.equal(1n);
    await expect(counter.connect(eve).increase())
      .to.be.revertedWithCustomError(counter, 'AccessManagedUnauthorized')
      .withArgs(eve.address);
  });

  it('makes a member with a delay announce what it does', async () => {
    const { manager, counter, ann, data } = await helpers.loadFixture(managed);
    await manager.grantRole(ROLE, ann, DELAY);
    await expect(counter.connect(ann).increase()).to.be.revertedWithCustomError(
      manager,
      'AccessManagerNotScheduled',
    );
    await manager.connect(ann).schedule(counter, data, 0);
    const id = await manager.hashOperation(ann, counter, data);
    await expect(manager.connect(ann).execute(counter, data))
      .to.be.revertedWithCustomError(manager, 'AccessManagerNotReady')
      .withArgs(id);
    await helpers.time.increase(DELAY);
    await expect(manager.connect(ann).execute(counter, data))
      .to.emit(manager, 'OperationExecuted')
      .withArgs(id, 1n);
    expect(await counter.count()).to.equal(1n);
  });

  it('lets what was announced expire', async () => {
    const { manager, counter, ann, data } = await helpers.loadFixture(managed);
    await manager.grantRole(ROLE, ann, DELAY);
    await manager.connect(ann).schedule(counter, data, 0);
    await helpers.time.increase(DELAY + 7 * 86_400 + 1);
    await expect(manager.connect(ann).execute(counter, data)).to.be.revertedWithCustomError(
      manager,
      'AccessManagerExpired',
    );
  });

  it('closes a target to all', async () => {
    const { manager, counter, ann } = await helpers.loadFixture(managed);
    await manager.grantRole(ROLE, ann, 0);
    await manager.setTargetClosed(counter, true);
    await expect(counter.connect(ann).increase()).to.be.revertedWithCustomError(
      counter,
      'AccessManagedUnauthorized',
    );
  });

  it('hands a target to another manager', async () => {
    const { manager, counter, admin } = await helpers.loadFixture(managed);
    const other = await deploy('oz/AccessManager', admin);
    await manager.updateAuthority(counter, other);
    const handed = await at('ManagedCounter', counter);
    expect(await handed.authority()).to.equal(await other.getAddress());
  });
});
