import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { encodeRlp } from '../base/rlp.ts';
import { PathTrie } from '../state/path-trie.ts';
import { trieRoot } from '../state/trie.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { EMPTY_TRIE_ROOT, NodePool, PartialTrie } from './partial-trie.ts';
import { ProvenNodes } from './state-prover.ts';
import { decodeNode, encodeNode, ProofError } from './trie-node.ts';

const memory = new TrieMemory();

/** Keys that share long beginnings, so that there are extensions, and nodes within nodes. */
const key = fc
  .tuple(fc.constantFrom(0, 1, 2, 15, 29, 30, 31), fc.constantFrom(0x00, 0x01, 0x10, 0x1f, 0xf0))
  .map(([at, byte]) => {
    const whole = new Uint8Array(32).fill(0x11);
    whole[at] = byte;
    return whole;
  });
const value = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2 }),
  fc.uint8Array({ minLength: 1, maxLength: 110 }),
);
const entries = fc.uniqueArray(fc.tuple(key, value), {
  selector: ([k]) => k.toHex(),
  maxLength: 30,
});
type Entries = [Uint8Array, Uint8Array][];

function rootOf(map: ReadonlyMap<string, Uint8Array>): string {
  const list = [...map].map(([k, v]) => ({ key: Uint8Array.fromHex(k), value: v }));
  return toHex(trieRoot(list));
}

function built(list: Entries): PathTrie {
  const trie = new PathTrie(memory);
  trie.update(list.map(([k, v]) => ({ key: k, value: v })));
  return trie;
}

describe('a partial trie', () => {
  it('does what the whole trie does', () => {
    const steps = fc.array(fc.tuple(key, fc.option(value, { freq: 2 })), { maxLength: 30 });
    fc.assert(
      fc.property(entries, steps, (start, changes) => {
        const whole = built(start);
        const trie = new PartialTrie(whole.root(), new ProvenNodes(whole));
        const model = new Map(start.map(([k, v]) => [k.toHex(), v]));
        for (const [k, v] of changes) {
          expect(trie.get(k)?.toHex()).toBe(model.get(k.toHex())?.toHex());
          if (v === null) {
            trie.delete(k);
            model.delete(k.toHex());
          } else {
            trie.put(k, v);
            model.set(k.toHex(), v);
          }
          expect(trie.root()).toBe(rootOf(model));
        }
        for (const [k, v] of model) expect(trie.get(Uint8Array.fromHex(k))).toEqual(v);
        whole.free();
      }),
      { numRuns: 500 },
    );
  });

  it('needs no more than the nodes that it fetched, and each of those', () => {
    const updates = fc.array(fc.tuple(key, fc.option(value, { freq: 2 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(entries, updates, fc.nat(), (start, changes, pick) => {
        const whole = built(start);
        const nodes = new ProvenNodes(whole);
        const fetched = new Map<string, Uint8Array>();
        const recording = new PartialTrie(whole.root(), {
          node(hash, path) {
            const node = nodes.node(hash, path);
            if (node !== undefined) fetched.set(hash, node);
            return node;
          },
        });
        const update = changes.map(([k, v]) => ({ key: k, value: v ?? undefined }));
        recording.update(update);
        const again = new PartialTrie(whole.root(), new NodePool(fetched.values()));
        again.update(update);
        expect(again.root()).toBe(recording.root());
        if (fetched.size === 0) return;
        const missing = [...fetched.keys()][pick % fetched.size] as string;
        fetched.delete(missing);
        const lacking = new PartialTrie(whole.root(), new NodePool(fetched.values()));
        expect(() => lacking.update(update)).toThrow(`lacks the node ${missing} at path 0x`);
        whole.free();
      }),
      { numRuns: 300 },
    );
  });

  it('is unchanged by what it cannot do', () => {
    const keys = [0x00, 0x01, 0x10].map((byte) =>
      new Uint8Array(32).fill(0x11, 1).fill(byte, 0, 1),
    );
    const whole = built(keys.map((k, index) => [k, new Uint8Array(40).fill(index + 1)]));
    const [first, second] = keys as [Uint8Array, Uint8Array, Uint8Array];
    // Of the branch below 0 the other child is not known.
    const pool = new NodePool(whole.prove(first));
    const trie = new PartialTrie(whole.root(), pool, { name: 'this trie' });
    const before = trie.root();
    let error: unknown;
    try {
      trie.delete(first);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ProofError);
    expect((error as ProofError).code).toBe('proof/missing');
    expect((error as ProofError).details).toMatchObject({ path: '0x01', trie: 'this trie' });
    expect(trie.root()).toBe(before);
    trie.update([
      { key: first, value: undefined },
      { key: new Uint8Array(32).fill(0x02, 0, 1), value: Uint8Array.of(1) },
    ]);
    expect(() => trie.get(second)).toThrow('lacks the node');
    whole.free();
  });

  it('begins empty', () => {
    const trie = new PartialTrie(EMPTY_TRIE_ROOT, new NodePool([]));
    expect(trie.get(new Uint8Array(32))).toBeUndefined();
    trie.put(new Uint8Array(32), Uint8Array.of(5));
    trie.delete(new Uint8Array(32));
    expect(trie.root()).toBe(EMPTY_TRIE_ROOT);
  });
});

describe('the decoder of nodes', () => {
  const place = { path: new Uint8Array(0), keyNibbles: 64 };

  it('takes bytes for a node only where the node has just that encoding', () => {
    const samples: Uint8Array[] = [];
    for (const seed of [1, 2, 3]) {
      const list = fc.sample(entries, { numRuns: 10, seed }).flatMap((start) => {
        const trie = built(start);
        const nodes = start.flatMap(([k]) => trie.prove(k).slice(0, 1));
        trie.free();
        return nodes;
      });
      samples.push(...list);
    }
    const damaged = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat(3))
      .map(([node, at, byte, how]) => {
        const copy = node.slice();
        if (how === 0) return copy.subarray(0, at % node.length);
        copy[at % node.length] = byte;
        if (how === 1) copy[(at * 7) % node.length] = byte ^ 0x80;
        return copy;
      });
    const random = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: damaged }, random), (bytes) => {
        let node: ReturnType<typeof decodeNode>;
        try {
          node = decodeNode(bytes, place);
        } catch (error) {
          expect(error).toBeInstanceOf(ProofError);
          return;
        }
        expect(encodeNode(node as Parameters<typeof encodeNode>[0])).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  const hash = new Uint8Array(32).fill(9);
  const none = new Uint8Array(0);
  const children = (...given: (Uint8Array | Uint8Array[])[]) => [
    ...given,
    ...new Array(16 - given.length).fill(none),
  ];
  const wholePath = new Uint8Array(33).fill(0x20, 0, 1);
  it.each([
    ['a string', encodeRlp(hash), 'a string'],
    ['three items', encodeRlp([none, none, none]), 'a list of 3 items'],
    ['a short leaf', encodeRlp([Uint8Array.of(0x20), hash]), 'ends after 0 nibbles'],
    ['a leaf of nothing', encodeRlp([wholePath, none]), 'without a value'],
    ['a leaf of a list', encodeRlp([wholePath, [hash]]), 'value is a list'],
    ['a path without prefix', encodeRlp([none, hash]), 'without its prefix'],
    ['a path of another prefix', encodeRlp([Uint8Array.of(0x40), hash]), 'with the prefix 4'],
    ['padding', encodeRlp([Uint8Array.of(0x05), hash]), 'in its padding'],
    ['an extension by nothing', encodeRlp([Uint8Array.of(0x00), hash]), 'by nothing'],
    ['an extension to nothing', encodeRlp([Uint8Array.of(0x11), none]), 'to nothing'],
    ['an extension of the whole key', encodeRlp([new Uint8Array(33), hash]), 'past the key'],
    ['a branch with one child', encodeRlp([...children(hash), none]), 'with 1 children'],
    ['a branch with a value', encodeRlp([...children(hash, hash), hash]), 'with a value'],
    ['half a hash', encodeRlp([...children(hash.subarray(16), hash), none]), 'by 16 bytes'],
    ['a large child', encodeRlp([...children([hash, hash], hash), none]), 'inside its parent'],
    ['long forms', Uint8Array.of(0xf8, 0x02, 0x20, 0x01), 'long form'],
    ['a list that lies', Uint8Array.of(0xff, 255, 255, 255, 255, 255, 255, 255, 255), 'ends early'],
    ['nesting', new Uint8Array(200).map((_, at) => 0xf7 - Math.min(at, 55)), 'too deeply'],
    ['too much', new Uint8Array(1025), 'over 1024'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => decodeNode(bytes, place)).toThrow(ProofError);
    expect(() => decodeNode(bytes, place)).toThrow(reason);
  });

  it('refuses an extension of an extension behind a hash', () => {
    const inner = encodeRlp([Uint8Array.of(0x12), hash]);
    const outer = encodeRlp([Uint8Array.of(0x11), keccak256(inner)]);
    const trie = new PartialTrie(toHex(keccak256(outer)), new NodePool([inner, outer]));
    expect(() => trie.get(new Uint8Array(32).fill(0x12))).toThrow('an extension to extension');
  });
});

it('nodes of a trie are found wherever they stand, and each is proven once', () => {
  // What is below 10 and below 50 is the same, and what is above that is not.
  const keys = [0x10, 0x11, 0x50, 0x52].flatMap((high) =>
    [3, 7].map((low) => [high, low] as const),
  );
  const entries = keys.map(([high, low]) => ({
    key: Uint8Array.of(high, low, ...new Uint8Array(30)),
    value: new Uint8Array(40).fill(low),
  }));
  const whole = new PathTrie(memory);
  whole.update(entries);
  let proofs = 0;
  const nodes = new ProvenNodes({
    root: () => whole.root(),
    prove: (key) => {
      proofs += 1;
      return whole.prove(key);
    },
  });
  const trie = new PartialTrie(whole.root(), nodes, { keyBytes: 32, name: 'the trie' });
  for (const { key, value } of entries.toReversed()) expect(trie.get(key)).toEqual(value);
  expect(proofs).toBeLessThanOrEqual(entries.length);
  whole.free();
});
