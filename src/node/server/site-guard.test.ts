/** Which pages and which names of a host are let through. */
import { describe, expect, it } from 'vitest';
import { SiteGuard } from './site-guard.ts';

const WALLET = 'chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn';

describe('an origin', () => {
  it('is none of a program that is no browser', () => {
    expect(new SiteGuard({}).allowsOrigin(undefined)).toBe(true);
  });

  it('is refused by default', () => {
    const guard = new SiteGuard({});
    for (const origin of ['https://a.example', 'http://localhost:3000', 'null', '', WALLET]) {
      expect(guard.allowsOrigin(origin), origin).toBe(false);
    }
  });

  it('may be of this machine, or of a wallet', () => {
    const guard = new SiteGuard({ origins: ['loopback'] });
    const local = ['http://localhost', 'http://localhost:3000', 'https://app.localhost:1'];
    const addresses = ['http://127.0.0.1:8080', 'http://[::1]:3000', 'http://127.8.8.8'];
    for (const origin of [...local, ...addresses, WALLET, 'moz-extension://x']) {
      expect(guard.allowsOrigin(origin), origin).toBe(true);
    }
    const others = ['http://localhost.example', 'http://127.0.0.1.example', 'http://notlocalhost'];
    const schemes = [
      'null',
      'file://',
      'http://',
      'javascript://localhost',
      'http://localhost@a.example',
    ];
    for (const origin of [...others, ...schemes, 'https://1.2.3.4', 'http://[::2]']) {
      expect(guard.allowsOrigin(origin), origin).toBe(false);
    }
  });

  it('may be one of a list, or any', () => {
    const guard = new SiteGuard({
      origins: ['https://App.example/', 'http://b.example:80', 'null'],
    });
    for (const origin of ['https://app.example', 'http://b.example', 'null']) {
      expect(guard.allowsOrigin(origin), origin).toBe(true);
    }
    for (const origin of [
      'http://app.example',
      'https://app.example:444',
      'https://x.app.example',
    ]) {
      expect(guard.allowsOrigin(origin), origin).toBe(false);
    }
    expect(new SiteGuard({ origins: ['*'] }).allowsOrigin('https://whoever.example')).toBe(true);
    expect(() => new SiteGuard({ origins: ['app.example'] })).toThrow(/app\.example is no origin/);
  });
});

describe('the name of a host', () => {
  it('is localhost or an address', () => {
    const guard = new SiteGuard({});
    const names = ['localhost', 'LOCALHOST:8545', 'a.localhost', 'localhost.', '127.0.0.1:8545'];
    for (const host of [...names, '[::1]:8545', '[::1]', '192.168.1.7', undefined, '']) {
      expect(guard.allowsHost(host), host).toBe(true);
    }
    const foreign = [
      'evil.example',
      'evil.example:8545',
      'localhost.evil.example',
      '127.0.0.1.evil',
    ];
    const odd = ['a b', '[evil]', '[::1', 'localhost:8545:1', 'localhost@evil.example', '1.2.3'];
    for (const host of [...foreign, ...odd]) expect(guard.allowsHost(host), host).toBe(false);
  });

  it('may be one of a list, or any', () => {
    const guard = new SiteGuard({ hosts: ['Node.example'] });
    expect(guard.allowsHost('node.EXAMPLE:8545')).toBe(true);
    expect(guard.allowsHost('a.node.example')).toBe(false);
    expect(guard.allowsHost('node.EXAMPLE:8545')).toBe(true);
    expect(guard.allowsHost('a.node.example')).toBe(false);
    expect(new SiteGuard({ hosts: ['*'] }).allowsHost('whatever')).toBe(true);
  });
});
