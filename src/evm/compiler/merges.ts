/**
 * Where several edges meet, each item of the stack needs one place that all of them agree on.
 *
 * An edge that arrives notes its stack, and the code that it needs is inserted once all edges are
 * there. Only what comes back around a loop arrives too late: when it does not fit, the loop is
 * assembled again with what it asked for. A slot only ever moves down this list, so that ends:
 *
 *   kept    the same constants and locals on every edge, and the home holds them too
 *   home    in memory
 *   moved   limb by limb: a constant or local that all edges share, or a local of the merge's own,
 *           which each edge sets
 */
import type { Local, Value } from '../../wasm/function.ts';
import { VALUE } from '../../wasm/types.ts';
import {
  type Emitter,
  fromLimbs,
  type Limb,
  type Limbs,
  pushLimb,
  type Word,
} from '../words/word.ts';
import type { RegionNode } from './graph.ts';
import type { Structure } from './structure.ts';
import type { LocalSet } from './temporaries.ts';
import {
  collectSnapshot,
  collectWord,
  type Item,
  isSame,
  type StackSnapshot,
  type VirtualStack,
} from './virtual-stack.ts';

/** A limb: known, the same local on every edge, or a local that every edge sets. */
type LimbForm = bigint | 'shared' | 'own';

type Form =
  | { readonly kind: 'home' }
  /** The same two vectors on every edge. */
  | { readonly kind: 'halves'; readonly stale: boolean }
  | { readonly kind: 'limbs'; readonly limbs: readonly LimbForm[]; readonly stale: boolean };

const HOME: Form = { kind: 'home' };
/** A value that was pushed before. */
const PUSHED = VALUE as Value<'i64'>;
const OWN: readonly LimbForm[] = ['own', 'own', 'own', 'own'];

/** The merges of a region. */
export class Merges {
  readonly #merges = new Map<RegionNode, Merge>();

  /** Simple ones keep everything in memory, so that no loop is assembled twice. */
  constructor(structure: Structure, simple: boolean) {
    for (const node of structure.order) {
      const isHeader = structure.isHeader(node);
      if (!isHeader && !structure.isMerge(node)) continue;
      const preload = isHeader ? structure.readsOf(node) : new Set<number>();
      this.#merges.set(node, new Merge(isHeader, preload, simple));
    }
  }

  of(node: RegionNode): Merge {
    return this.#merges.get(node) as Merge;
  }

  /** Forgets what was emitted behind `at`, but not what loops have learned from it. */
  rewind(at: number): void {
    for (const merge of this.#merges.values()) merge.rewind(at);
  }
}

/** An edge, and where the code goes that it needs. */
interface Arrival {
  readonly at: number;
  readonly memoryEnd: number;
  readonly stack: StackSnapshot;
}

export class Merge {
  readonly #isHeader: boolean;
  /** Slots that are loaded before the loop. */
  readonly #preload: ReadonlySet<number>;
  readonly #simple: boolean;
  /** By slot; what a loop has learned stays when it is assembled again. */
  readonly #forms = new Map<number, Form>();
  readonly #arrivals: Arrival[] = [];
  /** What the forms are bound to, by slot, from when the merge is entered. */
  readonly #bound = new Map<number, Item>();
  #isEntered = false;
  #enteredAt = 0;
  #height = 0;
  /** Below this slot all items are at home on all edges. */
  #bottom: number;
  #changed = false;

  constructor(isHeader: boolean, preload: ReadonlySet<number>, simple: boolean) {
    this.#isHeader = isHeader;
    this.#preload = preload;
    this.#bottom = Math.min(0, ...preload);
    this.#simple = simple;
  }

  /** Edges so far, but for those around the loop. */
  get arrivals(): number {
    return this.#arrivals.length;
  }

  /** Bytes of the EVM memory that every edge knows to be addressable. */
  get memoryEnd(): number {
    return Math.min(...this.#arrivals.map(({ memoryEnd }) => memoryEnd));
  }

  /** Whether an edge around the loop has asked for more than there was. */
  get changed(): boolean {
    return this.#changed;
  }

  rewind(at: number): void {
    while ((this.#arrivals.at(-1)?.at ?? 0) > at) this.#arrivals.pop();
    if (this.#enteredAt < at) return;
    this.#isEntered = false;
    this.#changed = false;
  }

  /** Notes an edge that leads forwards. */
  arrive(at: number, stack: StackSnapshot, memoryEnd: number): void {
    this.#height = stack.height;
    this.#bottom = Math.min(this.#bottom, stack.bottom);
    this.#arrivals.push({ at, stack, memoryEnd });
  }

  /** Emits what the edges that lead forwards need; gives the stack behind the merge. */
  enter(m: Emitter, stack: VirtualStack): StackSnapshot {
    const bound = this.#bound;
    bound.clear();
    for (let slot = this.#bottom; slot < this.#height; slot++) {
      const form = this.#agree(slot, stack.needMax);
      this.#forms.set(slot, form);
      if (form.kind === 'home') continue;
      const kept = this.#arrivals[0]?.stack.items[slot + stack.needMax]?.word;
      const word = form.kind === 'limbs' ? bindLimbs(m, form.limbs, kept) : (kept as Word);
      bound.set(slot, { word, stale: form.stale });
    }
    this.#isEntered = true;
    this.#enteredAt = m.fn.size;
    for (const arrival of this.#arrivals) {
      m.fn.insert(arrival.at, () => this.#move(m, stack, arrival.stack.items));
    }
    const items: (Item | undefined)[] = [];
    for (const [slot, item] of bound) items[slot + stack.needMax] = item;
    return { items, height: this.#height, bottom: Math.min(this.#bottom, this.#height) };
  }

  /** An edge around the loop: emits what it needs, or notes that the loop has to ask for more. */
  comeBack(m: Emitter, stack: VirtualStack): void {
    const { items, height, bottom } = stack.snapshot();
    this.#bottom = Math.min(this.#bottom, bottom);
    for (let slot = this.#bottom; slot < height; slot++) {
      const form = this.#forms.get(slot) ?? HOME;
      const joined = this.#join(slot, form, items[slot + stack.needMax], this.#bound.get(slot));
      if (joined === form) continue;
      this.#forms.set(slot, joined);
      this.#changed = true;
    }
    if (!this.#changed) this.#move(m, stack, items);
  }

  /** Emits what brings a stack into the merge's form. */
  #move(m: Emitter, stack: VirtualStack, items: readonly (Item | undefined)[]): void {
    const moved: Local<'i64'>[] = [];
    for (let slot = this.#bottom; slot < this.#height; slot++) {
      const item = items[slot + stack.needMax];
      const form = this.#forms.get(slot) ?? HOME;
      if (item?.stale === true && (form.kind === 'home' || !form.stale)) stack.store(slot, item);
      if (form.kind !== 'limbs') continue;
      const bound = this.#bound.get(slot)?.word as Word;
      const word = item?.word ?? stack.home(slot);
      for (let i = 0; i < 4; i++) {
        const to = limbIn(bound, i);
        if (form.limbs[i] !== 'own' || typeof to !== 'number' || limbIn(word, i) === to) continue;
        // All reads come before all writes: an edge around a loop may exchange two items.
        pushLimb(m, word, i);
        moved.push(to);
      }
    }
    for (const to of moved.reverse()) m.fn.set(to, PUSHED);
  }

  collectLocals(into: LocalSet, needMax: number): void {
    if (!this.#isEntered) {
      for (const { stack } of this.#arrivals) collectSnapshot(stack, needMax, into);
      return;
    }
    for (const { word } of this.#bound.values()) collectWord(word, into);
  }

  /** The form of a slot that fits all edges that lead forwards. */
  #agree(slot: number, needMax: number): Form {
    if (this.#simple) return HOME;
    const first = this.#arrivals[0]?.stack.items[slot + needMax];
    let form = this.#forms.get(slot) ?? this.#propose(slot, first);
    for (;;) {
      const before = form;
      for (const { stack } of this.#arrivals) {
        form = this.#join(slot, form, stack.items[slot + needMax], first);
      }
      if (form === before) return form;
    }
  }

  #propose(slot: number, item: Item | undefined): Form {
    if (item === undefined) {
      return this.#preload.has(slot) ? { kind: 'limbs', limbs: OWN, stale: false } : HOME;
    }
    const { word, stale } = item;
    if (word.kind === 'halves') return { kind: 'halves', stale };
    if (word.kind === 'condition') return { kind: 'limbs', limbs: ['own', 0n, 0n, 0n], stale };
    const limbs = word.kind === 'limbs' ? word.limbs.map(formOf) : OWN;
    return { kind: 'limbs', limbs, stale };
  }

  /**
   * The least form below `form` that holds the item too; `form` itself if it does. What edges share
   * is what `kept` has.
   */
  #join(slot: number, form: Form, item: Item | undefined, kept: Item | undefined): Form {
    if (form.kind === 'home') {
      if (this.#simple || item?.stale !== true) return form;
      return { kind: 'limbs', limbs: OWN, stale: true };
    }
    if (item === undefined) {
      // A word that its home holds anyway is not worth loading, but for a loop that reads it.
      if (!form.stale && !this.#preload.has(slot)) return HOME;
      const fits = form.kind === 'limbs' && form.limbs.every((limb) => limb === 'own');
      return fits ? form : { kind: 'limbs', limbs: OWN, stale: form.stale };
    }
    const stale = form.stale || item.stale;
    if (form.kind === 'halves') {
      const same = kept !== undefined && isSame(kept.word, item.word);
      if (same && stale === form.stale) return form;
      return same ? { kind: 'halves', stale } : { kind: 'limbs', limbs: OWN, stale };
    }
    const limbs = this.#joinLimbs(form.limbs, item.word, kept?.word);
    return limbs === form.limbs && stale === form.stale ? form : { kind: 'limbs', limbs, stale };
  }

  #joinLimbs(forms: readonly LimbForm[], word: Word, kept: Word | undefined): readonly LimbForm[] {
    let changed = false;
    const joined = forms.map((form, i): LimbForm => {
      if (form === 'own') return form;
      const limb = limbIn(word, i);
      if (form === limb) return form;
      const isShared = form === 'shared' && typeof limb === 'number';
      if (isShared && kept?.kind === 'limbs' && kept.limbs[i] === limb) return form;
      changed = true;
      return 'own';
    });
    if (!changed) return forms;
    // What grows around a loop by one limb would grow by the next one the next time.
    if (this.#isHeader) {
      const grown = joined.findLastIndex((form, i) => i > 0 && form !== forms[i]);
      if (grown > 0) return joined.map((form, i) => (i >= grown ? 'own' : form));
    }
    return joined;
  }
}

function formOf(limb: Limb): LimbForm {
  return typeof limb === 'bigint' ? limb : 'shared';
}

/** Locals for a form: those of `kept` that all edges share, else new ones. */
function bindLimbs(m: Emitter, forms: readonly LimbForm[], kept: Word | undefined): Word {
  const limbs = forms.map((form, i): Limb => {
    if (typeof form === 'bigint') return form;
    const shared = form === 'shared' && kept !== undefined ? limbIn(kept, i) : undefined;
    return typeof shared === 'number' ? shared : m.i64();
  });
  return fromLimbs(limbs as unknown as Limbs);
}

/** A limb as it stands: known, or in a local; undefined where it would have to be computed. */
function limbIn(word: Word, i: number): Limb | undefined {
  if (word.kind === 'limbs') return word.limbs[i] as Limb;
  return word.kind === 'condition' && i > 0 ? 0n : undefined;
}
