/** Proxies of OpenZeppelin: UUPS, transparent, beacons, clones, CREATE2; their reverts. */
import { artifactOf, at, deploy, ethers, eventOf, expect, helpers } from '../chain.ts';

const { ZeroAddress } = ethers;
/** keccak256("eip1967.proxy.implementation") - 1 and so on. */
const slotOf = (name: string) => ethers.toBeHex(BigInt(ethers.id(name)) - 1n, 32);
const IMPLEMENTATION = slotOf('eip1967.proxy.implementation');
const ADMIN = slotOf('eip1967.proxy.admin');

const addressAt = async (proxy: string, slot: string) =>
  ethers.getAddress(`0x${(await helpers.getStorageAt(proxy, slot)).slice(-40)}`);

describe('a UUPS proxy', () => {
  async function uups() {
    const [owner, eve] = await ethers.getSigners();
    const [one, two] = [await deploy('Box'), await deploy('BoxTwo')];
    const init = one.interface.encodeFunctionData('initialize', [owner.address, 11n]);
    const proxy = await deploy('oz/ERC1967Proxy', one, init);
    return { box: await at('Box', proxy), one, two, owner, eve };
  }

  it('keeps its state in itself', async () => {
    const { box, one } = await helpers.loadFixture(uups);
    await expect(box.store(12n)).to.emit(box, 'Stored').withArgs(12n);
    expect(await box.value()).to.equal(12n);
    expect(await one.value()).to.equal(0n);
  });

  it('names its implementation in the slot of ERC-1967', async () => {
    const { box, one } = await helpers.loadFixture(uups);
    const address = await box.getAddress();
    expect(await addressAt(address, IMPLEMENTATION)).to.equal(await one.getAddress());
  });

  it('is initialised once', async () => {
    const { box, one, eve } = await helpers.loadFixture(uups);
    for (const each of [box, one]) {
      await expect(each.initialize(eve, 0n)).to.be.revertedWithCustomError(
        box,
        'InvalidInitialization',
      );
    }
  });

  it('is upgraded by its owner, and migrates in the same call', async () => {
    const { box, two } = await helpers.loadFixture(uups);
    const data = two.interface.encodeFunctionData('migrate', [99n]);
    await expect(box.upgradeToAndCall(two, data))
      .to.emit(await at('oz/ERC1967Proxy', box), 'Upgraded')
      .withArgs(await two.getAddress());
    const upgraded = await at('BoxTwo', box);
    expect(await upgraded.version()).to.equal(2n);
    expect(await upgraded.bonus()).to.equal(99n);
    expect(await upgraded.value()).to.equal(11n);
    await expect(upgraded.migrate(1n)).to.be.revertedWithCustomError(
      upgraded,
      'InvalidInitialization',
    );
  });

  it('is upgraded by nobody else', async () => {
    const { box, two, eve } = await helpers.loadFixture(uups);
    await expect(box.connect(eve).upgradeToAndCall(two, '0x'))
      .to.be.revertedWithCustomError(box, 'NotTheOwner')
      .withArgs(eve.address);
  });

  it('is not upgraded to what is no implementation', async () => {
    const { box } = await helpers.loadFixture(uups);
    const coin = await deploy('CappedCoin', 1n);
    await expect(box.upgradeToAndCall(coin, '0x'))
      .to.be.revertedWithCustomError(
        await at('oz/ERC1967Proxy', box),
        'ERC1967InvalidImplementation',
      )
      .withArgs(await coin.getAddress());
  });

  it('is not upgraded to what names another slot', async () => {
    const { box } = await helpers.loadFixture(uups);
    const wrong = await deploy('BoxOfWrongSlot');
    await expect(box.upgradeToAndCall(wrong, '0x'))
      .to.be.revertedWithCustomError(box, 'UUPSUnsupportedProxiableUUID')
      .withArgs(ethers.id('elsewhere'));
  });

  it('is not upgraded past its proxy', async () => {
    const { one, two } = await helpers.loadFixture(uups);
    await expect(one.upgradeToAndCall(two, '0x')).to.be.revertedWithCustomError(
      one,
      'UUPSUnauthorizedCallContext',
    );
  });

  it('takes no implementation without code', async () => {
    const { box, eve } = await helpers.loadFixture(uups);
    const proxy = await at('oz/ERC1967Proxy', box);
    await expect(deploy('oz/ERC1967Proxy', eve, '0x12'))
      .to.be.revertedWithCustomError(proxy, 'ERC1967InvalidImplementation')
      .withArgs(eve.address);
  });

  it('passes on each kind of failure', async () => {
    const { box, eve } = await helpers.loadFixture(uups);
    await expect(box.fail(0n)).to.be.revertedWith('box: no');
    await expect(box.connect(eve).fail(1n))
      .to.be.revertedWithCustomError(box, 'NotTheOwner')
      .withArgs(eve.address);
    await expect(box.fail(2n)).to.be.revertedWithPanic(0x01);
    await expect(box.fail(3n)).to.be.revertedWithPanic(0x32);
    await expect(box.fail(4n)).to.be.revertedWithPanic(0x12);
    await expect(box.fail(5n)).to.be.revertedWithoutReason(ethers);
  });
});

describe('a transparent proxy', () => {
  async function transparent() {
    const [owner, user] = await ethers.getSigners();
    const [one, two] = [await deploy('Box'), await deploy('BoxTwo')];
    const init = one.interface.encodeFunctionData('initialize', [owner.address, 5n]);
    const proxy = await deploy('oz/TransparentUpgradeableProxy', one, owner, init);
    const admin = await at('oz/ProxyAdmin', await addressAt(await proxy.getAddress(), ADMIN));
    return { proxy, box: await at('Box', proxy), admin, one, two, owner, user };
  }

  it('makes an administrator of its own', async () => {
    const { admin, owner } = await helpers.loadFixture(transparent);
    expect(await admin.owner()).to.equal(owner.address);
    expect(await admin.UPGRADE_INTERFACE_VERSION()).to.equal('5.0.0');
  });

  it('is upgraded through it', async () => {
    const { proxy, admin, two } = await helpers.loadFixture(transparent);
    const data = two.interface.encodeFunctionData('migrate', [3n]);
    await admin.upgradeAndCall(proxy, two, data);
    const upgraded = await at('BoxTwo', proxy);
    expect(await upgraded.version()).to.equal(2n);
    expect(await upgraded.value()).to.equal(5n);
  });

  it('is upgraded by its administrator’s owner alone', async () => {
    const { proxy, admin, two, user } = await helpers.loadFixture(transparent);
    await expect(admin.connect(user).upgradeAndCall(proxy, two, '0x'))
      .to.be.revertedWithCustomError(admin, 'OwnableUnauthorizedAccount')
      .withArgs(user.address);
  });

  it('answers its administrator to nothing but an upgrade', async () => {
    const { proxy, box, admin } = await helpers.loadFixture(transparent);
    const address = await admin.getAddress();
    await helpers.setBalance(address, 10n ** 18n);
    const itself = await ethers.getImpersonatedSigner(address);
    await expect(box.connect(itself).store(1n)).to.be.revertedWithCustomError(
      proxy,
      'ProxyDeniedAdminAccess',
    );
  });
});

describe('a beacon', () => {
  async function beacons() {
    const [owner, eve] = await ethers.getSigners();
    const [one, two] = [await deploy('Box'), await deploy('BoxTwo')];
    const beacon = await deploy('oz/UpgradeableBeacon', one, owner);
    const boxes = [];
    for (const value of [1n, 2n, 3n]) {
      const init = one.interface.encodeFunctionData('initialize', [owner.address, value]);
      boxes.push(await at('Box', await deploy('oz/BeaconProxy', beacon, init)));
    }
    return { beacon, boxes, two, owner, eve };
  }

  it('serves many proxies, each with its state', async () => {
    const { boxes } = await helpers.loadFixture(beacons);
    expect(await Promise.all(boxes.map((box) => box.value()))).to.deep.equal([1n, 2n, 3n]);
  });

  it('upgrades them all at once', async () => {
    const { beacon, boxes, two } = await helpers.loadFixture(beacons);
    await beacon.upgradeTo(two);
    const versions = await Promise.all(boxes.map((box) => box.version()));
    expect(versions).to.deep.equal([2n, 2n, 2n]);
  });

  it('takes what has code, from its owner, alone', async () => {
    const { beacon, two, eve } = await helpers.loadFixture(beacons);
    await expect(beacon.upgradeTo(eve))
      .to.be.revertedWithCustomError(beacon, 'BeaconInvalidImplementation')
      .withArgs(eve.address);
    await expect(beacon.connect(eve).upgradeTo(two)).to.be.revertedWithCustomError(
      beacon,
      'OwnableUnauthorizedAccount',
    );
  });
});

describe('clones and CREATE2', () => {
  async function cloner() {
    const [owner] = await ethers.getSigners();
    return { cloner: await deploy('Cloner'), box: await deploy('Box'), owner };
  }

  it('clones with a state of its own', async () => {
    const { cloner: maker, box, owner } = await helpers.loadFixture(cloner);
    const { clone } = await eventOf(maker.clone(box), maker, 'Cloned');
    const made = await at('Box', clone);
    await made.initialize(owner, 8n);
    expect(await made.value()).to.equal(8n);
    expect((await ethers.provider.getCode(clone)).length).to.equal(2 + 45 * 2);
  });

  it('clones to the address foretold, once', async () => {
    const { cloner: maker, box } = await helpers.loadFixture(cloner);
    const salt = ethers.id('salt');
    const foretold = await maker.predict(box, salt);
    await expect(maker.cloneAt(box, salt)).to.emit(maker, 'Cloned').withArgs(foretold);
    const errors = await at('oz/Errors', maker);
    await expect(maker.cloneAt(box, salt)).to.be.revertedWithCustomError(
      errors,
      'FailedDeployment',
    );
  });

  it('carries arguments in a clone’s code', async () => {
    const { cloner: maker, box } = await helpers.loadFixture(cloner);
    const { clone } = await eventOf(maker.cloneWithArguments(box, '0x123456'), maker, 'Cloned');
    expect(await maker.argumentsOf(clone)).to.equal('0x123456');
  });

  it('creates where ethers says that it will', async () => {
    const { cloner: maker } = await helpers.loadFixture(cloner);
    const { bytecode } = artifactOf('Box');
    const from = await maker.getAddress();
    const salt = ethers.id('create2');
    const foretold = ethers.getCreate2Address(from, salt, ethers.keccak256(bytecode));
    await expect(maker.create(salt, bytecode)).to.emit(maker, 'Cloned').withArgs(foretold);
    expect(await (await at('Box', foretold)).owner()).to.equal(ZeroAddress);
  });

  it('creates where ethers says by nonce', async () => {
    const { cloner: maker, box } = await helpers.loadFixture(cloner);
    const from = await maker.getAddress();
    for (const nonce of [1, 2, 3]) {
      const foretold = ethers.getCreateAddress({ from, nonce });
      await expect(maker.clone(box)).to.emit(maker, 'Cloned').withArgs(foretold);
    }
  });

  it('does not create out of no code', async () => {
    const { cloner: maker } = await helpers.loadFixture(cloner);
    await expect(maker.create(ethers.ZeroHash, '0x')).to.be.revertedWithCustomError(
      await at('oz/Create2', maker),
      'Create2EmptyBytecode',
    );
  });
});
