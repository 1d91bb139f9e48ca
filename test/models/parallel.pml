/*
 * Who executes which transaction of a block, and when one counts: docs/design/parallel.md, and
 * src/evm/runtime/parallel/tasks.ts, whose functions bear the same names. Explored whole by
 * `npm run models`.
 *
 * A transaction reads one cell and writes one bit, made of what it read, to the cell that this bit
 * says. Which cells are read is chosen first: all choices are explored. What is observed in advance
 * is any bit at all: whatever interleaving of reads and writes, replaced records and half of them,
 * comes to one of them. So what holds here holds for whatever is read in advance.
 *
 * Asserted: what counts has observed, and written, what the sequential executor says; nobody
 * changes it after; each counts once, in order; and no interleaving comes to a stop before all
 * count.
 * That none goes round for ever is not explored: tasks.test.ts runs until it has seen many end.
 */
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef TRANSACTIONS
#define TRANSACTIONS 4
#endif
/* What was put off is tried in advance again; what has no room is given to worker 0. */
#ifndef AGAIN
#define AGAIN 0
#endif
#ifndef LARGE
#define LARGE 0
#endif
/* So many from the head on are not begun in advance. */
#ifndef LEFT
#define LEFT 0
#endif
#define NONE 255

mtype = { WAITS, RUNS, EXECUTED, COUNTS }

/* A task: its state, and who runs it, which are one word. */
mtype state[TRANSACTIONS];
byte owner[TRANSACTIONS];
/* What it observed, and its records, one bit by cell: 0 = none, else the bit and one. */
byte observed[TRANSACTIONS];
byte record0[TRANSACTIONS];
byte record1[TRANSACTIONS];

/* Whether only worker 0 has room for it. */
bit large[TRANSACTIONS];

byte head = 0;
byte next = 0;

/* The cell that a transaction reads; what the sequential executor makes of it. */
bit reads[TRANSACTIONS];
byte seen[TRANSACTIONS];
byte makes0[TRANSACTIONS];
byte makes1[TRANSACTIONS];

byte done = 0;

#define made(t, v) (((v) + (t)) % 2)
#define target(t, v) ((reads[t] + (v)) % 2)

/* At the head: what the transactions before have written for good. */
inline lookUp(t, v) {
  d_step {
    k = t;
    v = 0;
    do
    :: k == 0 -> break
    :: else ->
      k--;
      if
      :: reads[t] == 0 && record0[k] != 0 -> v = record0[k] - 1; break
      :: reads[t] == 1 && record1[k] != 0 -> v = record1[k] - 1; break
      :: else
      fi
    od;
    k = 0
  }
}

/* What was written before counts no more; then what is written now is published. */
inline write(t, v) {
  d_step { record0[t] = 0; record1[t] = 0 };
  d_step {
    observed[t] = v;
    if
    :: target(t, v) == 0 -> record0[t] = made(t, v) + 1
    :: else -> record1[t] = made(t, v) + 1
    fi
  }
}

/* From a task that counts, unless somebody else has done it. */
inline moveHead(t) {
  atomic { if :: head == t -> head++ :: else fi }
}

/* By who has the head's task. */
inline count(t) {
  d_step {
    assert(head == t);
    assert(observed[t] == seen[t]);
    assert(record0[t] == makes0[t]);
    assert(record1[t] == makes1[t]);
    state[t] = COUNTS;
    owner[t] = NONE
  };
  moveHead(t)
}

inline giveBack(t) {
  d_step { state[t] = EXECUTED; owner[t] = NONE }
}

/* It was refused, or state was missing; or there was no room for it. */
inline putOff(t) {
  d_step { state[t] = WAITS; owner[t] = NONE }
}

inline giveToFirst(t) {
  d_step { large[t] = 1; state[t] = WAITS; owner[t] = NONE }
}

proctype Worker(byte me) {
  byte t, k, v;
  do
  :: head == TRANSACTIONS -> break

  /* takeHead */
  :: t = head;
    if
    :: t < TRANSACTIONS ->
      if
      :: atomic { state[t] == EXECUTED -> state[t] = RUNS; owner[t] = me };
        lookUp(t, v);
        if
        :: v == observed[t]
        :: else -> write(t, v)
        fi;
        count(t)
      :: atomic { state[t] == WAITS && (me == 0 || !large[t]) -> state[t] = RUNS; owner[t] = me };
        if
        :: lookUp(t, v);
          write(t, v);
          count(t)
        :: LARGE && me != 0 -> giveToFirst(t)
        fi
      /* Whoever made it count has not moved the head yet. */
      :: state[t] == COUNTS -> moveHead(t)
      :: else
      fi
    :: else
    fi;
    t = 0; v = 0

  /* takeNext: the head that it saw may be an old one. */
  :: atomic { next < TRANSACTIONS ->
      t = ((next < head + LEFT) -> head + LEFT : next);
      if
      :: t < TRANSACTIONS -> next = t + 1
      :: else -> t = NONE
      fi };
    if
    :: t != NONE ->
      if
      :: atomic { state[t] == WAITS -> state[t] = RUNS; owner[t] = me };
        if
        :: v = 0; write(t, v); giveBack(t)
        :: v = 1; write(t, v); giveBack(t)
        :: putOff(t)
        :: LARGE && me != 0 -> giveToFirst(t)
        fi
      :: else
      fi
    :: else
    fi;
    t = 0; v = 0

  /* takeAgain: what was put off. */
  :: atomic {
      AGAIN && head + 1 < next && state[head + 1] == WAITS && !large[head + 1] -> t = head + 1
    };
    if
    :: atomic { state[t] == WAITS -> state[t] = RUNS; owner[t] = me };
      if :: v = 0 :: v = 1 fi;
      write(t, v);
      giveBack(t)
    :: else
    fi;
    t = 0; v = 0

  /* takeExecuted: what it observed is looked at again, and holds or not. */
  :: atomic {
      if
      :: head + 1 < TRANSACTIONS && state[head + 1] == EXECUTED -> t = head + 1
      :: head + 2 < TRANSACTIONS && state[head + 2] == EXECUTED -> t = head + 2
      fi };
    if
    :: atomic { state[t] == EXECUTED -> state[t] = RUNS; owner[t] = me };
      if
      :: skip
      :: if :: v = 0 :: v = 1 fi;
        write(t, v)
      fi;
      giveBack(t)
    :: else
    fi;
    t = 0; v = 0
  od;
  done++
}

init {
  byte t, v, c0, c1;
  atomic {
    for (t : 0 .. TRANSACTIONS - 1) {
      state[t] = WAITS; owner[t] = NONE;
      if :: reads[t] = 0 :: reads[t] = 1 fi;
      v = ((reads[t] == 0) -> c0 : c1);
      seen[t] = v;
      if
      :: target(t, v) == 0 -> c0 = made(t, v); makes0[t] = made(t, v) + 1
      :: else -> c1 = made(t, v); makes1[t] = made(t, v) + 1
      fi
    }
    for (t : 0 .. WORKERS - 1) { run Worker(t) };
    t = 0; v = 0; c0 = 0; c1 = 0
  };
  done == WORKERS;
  assert(head == TRANSACTIONS);
  for (t : 0 .. TRANSACTIONS - 1) {
    assert(state[t] == COUNTS);
    assert(record0[t] == makes0[t] && record1[t] == makes1[t])
  }
}
