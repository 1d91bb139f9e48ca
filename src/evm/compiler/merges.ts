/**
 * Where several edges meet, each item of the stack needs one place that all of them agree on.
 *
 * What the places are is found by assembling: the first edge to arrive proposes what it has, a
 * later one that does not fit asks for more, and the region is assembled again with what was asked
 * for, until nothing is. A slot only ever moves down this list, so that ends:
 *
 *   kept    the same constants and locals on every edge, and the home holds them too
 *   home    in memory
 *   moved   limb by limb: a constant or local that all edges share, or a local of the merge's own,
 *           which each edge sets
 */
import type { Local, Value } from '../../wasm/function.ts';
import {
  type Emitter,
  fromLimbs,
  type Limb,
  type Limbs,
  pushLimb,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { RegionNode } from './graph.ts';
import type { Structure } from './structure.ts';
import { collectWord, type Item, type StackSnapshot, type VirtualStack } from './virtual-stack.ts';

/** A limb: known, the same local on every edge, or a local that every edge sets. */
type LimbForm = bigint | 'shared' | 'own';

type Form =
  | { readonly kind: 'home' }
  /** The same two vectors on every edge. */
  | { readonly kind: 'halves'; readonly stale: boolean }
  | { readonly kind: 'limbs'; readonly limbs: readonly LimbForm[]; readonly stale: boolean };

const HOME: Form = { kind: 'home' };
const OWN: readonly LimbForm[] = ['own', 'own', 'own', 'own'];

/** The merges of a region, kept from one assembly to the next. */
export class Merges {
  readonly #merges = new Map<RegionNode, Merge>();
  #changed = false;

  constructor(structure: Structure) {
    for (const node of structure.order) {
      const isHeader = structure.isHeader(node);
      if (!isHeader && !structure.isMerge(node)) continue;
      const preload = isHeader ? structure.readsOf(node) : new Set<number>();
      const note = () => {
        this.#changed = true;
      };
      this.#merges.set(node, new Merge(isHeader, preload, note));
    }
  }

  of(node: RegionNode): Merge {
    return this.#merges.get(node) as Merge;
  }

  /** Begins an assembly; a simple one keeps everything in memory, and changes nothing. */
  begin(simple: boolean): void {
    this.#changed = false;
    for (const merge of this.#merges.values()) merge.begin(simple);
  }

  /** Whether the last assembly asked for more than it had. */
  get changed(): boolean {
    return this.#changed;
  }
}

export class Merge {
  readonly #isHeader: boolean;
  /** Slots that are loaded before the loop. */
  readonly #preload: ReadonlySet<number>;
  readonly #note: () => void;
  #forms = new Map<number, Form>();
  #memoryEnd = Number.POSITIVE_INFINITY;
  #simple = false;
  /** What this assembly has bound the forms to, by slot. */
  #bound = new Map<number, Item>();
  /** Slots whose form has changed since it was bound. */
  readonly #changed = new Set<number>();
  #height = 0;
  /** Below this slot all items are at home on all edges. */
  #bottom: number;
  #arrivals = 0;

  constructor(isHeader: boolean, preload: ReadonlySet<number>, note: () => void) {
    this.#isHeader = isHeader;
    this.#preload = preload;
    this.#bottom = Math.min(0, ...preload);
    this.#note = note;
  }

  begin(simple: boolean): void {
    this.#bound = new Map();
    this.#changed.clear();
    this.#arrivals = 0;
    this.#memoryEnd = Number.POSITIVE_INFINITY;
    this.#simple = simple;
  }

  /** Whether any edge of this assembly leads here. */
  get isReached(): boolean {
    return this.#arrivals > 0;
  }

  /** Bytes of the EVM memory that every edge knows to be addressable. */
  get memoryEnd(): number {
    return this.#memoryEnd;
  }

  /** Emits what brings the stack into the merge's form. */
  arrive(m: Emitter, stack: VirtualStack, memoryEnd: number): void {
    // An edge around a loop never knows less than the edges into it.
    this.#memoryEnd = Math.min(this.#memoryEnd, memoryEnd);
    this.#height = stack.height;
    const first = this.#arrivals === 0;
    this.#arrivals += 1;
    const moves: { to: Local<'i64'>; push: () => Value<'i64'> }[] = [];
    this.#bottom = Math.min(this.#bottom, stack.bottom);
    for (let slot = this.#bottom; slot < stack.height; slot++) {
      const item = stack.itemAt(slot);
      const form = this.#formFor(slot, item, first);
      if (form.kind === 'home' || !form.stale) stack.spill(slot);
      if (form.kind === 'home') {
        this.#bound.delete(slot);
        continue;
      }
      const bound = this.#bind(m, slot, form, item?.word, first);
      if (form.kind === 'halves') continue;
      const word = item?.word ?? stack.home(slot);
      form.limbs.forEach((limb, i) => {
        // A form that has just changed fits what is bound in the next assembly only.
        const to = limbIn(bound.word, i);
        if (limb !== 'own' || typeof to !== 'number' || limbIn(word, i) === to) return;
        moves.push({ to, push: () => pushLimb(m, word, i) });
      });
    }
    // All reads come before all writes: an edge around a loop may exchange two items.
    const values = moves.map(({ to, push }) => ({ to, value: push() }));
    for (const { to, value } of values.reverse()) m.fn.set(to, value);
  }

  /** The stack behind the merge. */
  stack(needMax: number): StackSnapshot {
    const items: (Item | undefined)[] = [];
    for (const [slot, item] of this.#bound) if (slot < this.#height) items[slot + needMax] = item;
    return { items, height: this.#height, bottom: Math.min(this.#bottom, this.#height) };
  }

  collectLocals(into: Set<Local>): void {
    for (const { word } of this.#bound.values()) collectWord(word, into);
  }

  /** The form of a slot, after the item that arrives has had its say. */
  #formFor(slot: number, item: Item | undefined, first: boolean): Form {
    if (this.#simple) return HOME;
    // An edge that came before, and had nothing to tell of the slot, has it at home.
    const known = this.#forms.get(slot) ?? (first ? undefined : HOME);
    const form =
      known === undefined ? this.#propose(slot, item) : this.#join(slot, known, item, first);
    if (form === known) return form;
    this.#forms.set(slot, form);
    if (known !== undefined) {
      // What follows in this assembly, which is in vain, learns of the change all the same.
      this.#changed.add(slot);
      this.#note();
    }
    return form;
  }

  #propose(slot: number, item: Item | undefined): Form {
    if (item === undefined) {
      return this.#preload.has(slot) ? { kind: 'limbs', limbs: OWN, stale: false } : HOME;
    }
    const { word, stale } = item;
    if (word.kind === 'halves') return { kind: 'halves', stale };
    if (word.kind === 'condition') return { kind: 'limbs', limbs: ['own', 0n, 0n, 0n], stale };
    const limbs = [0, 1, 2, 3].map((i): LimbForm => {
      const limb = word.kind === 'limbs' ? (word.limbs[i] as Limb) : undefined;
      return typeof limb === 'bigint' ? limb : limb === undefined ? 'own' : 'shared';
    });
    return { kind: 'limbs', limbs, stale };
  }

  /** The least form below `form` that holds the item too; `form` itself if it does. */
  #join(slot: number, form: Form, item: Item | undefined, first: boolean): Form {
    if (form.kind === 'home') {
      return item?.stale === true ? { kind: 'limbs', limbs: OWN, stale: true } : form;
    }
    if (item === undefined) {
      // A word that its home holds anyway is not worth loading, but for a loop that reads it.
      if (!form.stale && !this.#preload.has(slot)) return HOME;
      const fits = form.kind === 'limbs' && form.limbs.every((limb) => limb === 'own');
      return fits ? form : { kind: 'limbs', limbs: OWN, stale: form.stale };
    }
    const stale = form.stale || item.stale;
    if (form.kind === 'halves') {
      const bound = this.#bound.get(slot)?.word;
      const { word } = item;
      const same =
        word.kind === 'halves' &&
        (first || (bound?.kind === 'halves' && bound.low === word.low && bound.high === word.high));
      if (same && stale === form.stale) return form;
      return same ? { kind: 'halves', stale } : { kind: 'limbs', limbs: OWN, stale };
    }
    const limbs = this.#joinLimbs(slot, form.limbs, item.word, first);
    return limbs === form.limbs && stale === form.stale ? form : { kind: 'limbs', limbs, stale };
  }

  #joinLimbs(
    slot: number,
    forms: readonly LimbForm[],
    word: Word,
    first: boolean,
  ): readonly LimbForm[] {
    const bound = this.#bound.get(slot)?.word;
    let changed = false;
    const joined = forms.map((form, i): LimbForm => {
      if (form === 'own') return form;
      const limb = limbIn(word, i);
      if (form === limb) return form;
      if (form === 'shared' && typeof limb === 'number') {
        if (first) return form;
        if (bound?.kind === 'limbs' && bound.limbs[i] === limb) return form;
      }
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

  #bind(m: Emitter, slot: number, form: Form, word: Word | undefined, first: boolean): Item {
    const known = this.#bound.get(slot);
    if (known !== undefined && !this.#changed.delete(slot)) return known;
    const kept = first ? word : known?.word;
    const item: Item = {
      word: form.kind === 'limbs' ? this.#bindLimbs(m, form.limbs, kept) : (kept as Word),
      stale: form.kind !== 'home' && form.stale,
    };
    this.#bound.set(slot, item);
    return item;
  }

  /** Locals for a form: those of `kept` that all edges share, else new ones. */
  #bindLimbs(m: Emitter, forms: readonly LimbForm[], kept: Word | undefined): Word {
    const limbs = forms.map((form, i): Limb => {
      if (typeof form === 'bigint') return form;
      const shared = form === 'shared' && kept !== undefined ? limbIn(kept, i) : undefined;
      return typeof shared === 'number' ? shared : m.i64();
    });
    return fromLimbs(limbs as unknown as Limbs);
  }
}

/** A limb as it stands: known, or in a local; undefined where it would have to be computed. */
function limbIn(word: Word, i: number): Limb | undefined {
  if (i >= widthOf(word)) return 0n;
  return word.kind === 'limbs' ? (word.limbs[i] as Limb) : undefined;
}
