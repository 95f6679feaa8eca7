/* The ring, the monitor's side of it, and what must be true of each call. */

/* Words of the control page (shared/vcpu_area.h). */
byte tail, head;
byte lazy_mode;
bool pending_error;

/* The slots. `argument` stands for an entry's other words. */
typedef Entry {
    byte call;
    byte argument
}
Entry slot[CAPACITY];

byte ring_head; /* Vcpu::ring_head, the monitor's own */

/* Two calls of a run are watched, any two of which the first has returned before the second is
   made; all others look alike. No step depends on which calls they are, so what is true of these is
   true of all (P. Wolper, "Expressing interesting properties of programs in propositional temporal
   logic", 1986). Element 0 is for the calls that are not watched: nothing is asked of them. */
bool called[3], returned[3], done[3]; /* done: executed, or refused and the guest is told */
#define nothing_waits ((!returned[1] || done[1]) && (!returned[2] || done[2]))

/* A call, as its words have it: which of the watched ones it is, or 0, and whether the drain
   refuses it. It does so when an argument is bad, and when the call changes mode: the ROM never
   queues such a one, but a kernel may write it in the ring itself. */
#define mark_of(word) (word & 3)
#define REFUSED 4
#define is_refused(word) ((word & REFUSED) != 0)
/* What a slot holds that nobody has written since it was drained. In truth it is what was there. */
#define STALE 8

hidden byte batch_ended; /* a call of this batch was refused */

inline finish(word) {
    assert(called[mark_of(word)] || mark_of(word) == 0); /* what was asked for */
    assert(!done[mark_of(word)]);                        /* once */
    assert(mark_of(word) != 2 || done[1]);               /* in program order */
    done[mark_of(word)] = mark_of(word) != 0
}

inline execute_entry(word) {
    assert(!batch_ended); /* nothing runs after a refused or a mode-changing call */
    finish(word)
}

inline refuse_entry(word) {
    batch_ended = true;
    pending_error = true;
    finish(word)
}

/* hypervisor/calls/drain.cpp, drain: one step to the guest. It executes at most `most` entries: it
   may stop between two (hypervisor/vcpu/pause.h). */
hidden byte at, word, allowed, error;

inline read_entry() {
    word = slot[at % CAPACITY].call;
    assert(word != STALE);                        /* written since the slot was drained last */
    assert(word == slot[at % CAPACITY].argument); /* the words of one call */
    slot[at % CAPACITY].call = STALE;
    slot[at % CAPACITY].argument = STALE
}

inline advance() { at = (at + 1) % MODULUS }

inline execute_entries() {
    do
#ifdef BROKEN_GOES_ON_BEHIND_A_REFUSED_ENTRY
    :: at == tail || allowed == 0 -> break
    :: else ->
#else
    :: error || at == tail || allowed == 0 -> break
    :: else ->
#endif
        read_entry();
        if
        :: !is_refused(word) -> execute_entry(word)
        :: is_refused(word) -> refuse_entry(word); error = true
        fi;
        advance();
        allowed--
    od
}

/* refuse_batch: the entries after a refused one are never executed. */
inline discard_entries() {
    do
    :: at == tail -> break
    :: else -> read_entry(); finish(word); advance()
    od
}

inline drain(most) {
    d_step {
        allowed = most;
        assert((tail + MODULUS - ring_head) % MODULUS <= CAPACITY); /* else ring_index */
        at = ring_head;
        error = false;
        batch_ended = false;
        execute_entries();
        if
        :: error -> discard_entries()
        :: else
        fi;
#ifdef BROKEN_RESETS_INDICES
        if
        :: at == tail -> at = 0; tail = 0
        :: else
        fi;
#endif
#ifdef BROKEN_REPEATS_A_PAUSED_BATCH
        if
        :: at != tail -> at = ring_head
        :: else
        fi;
#endif
#ifndef BROKEN_KEEPS_ITS_HEAD
        ring_head = at;
#endif
        head = at
    }
}

/* hypervisor/exits/dispatch.cpp: every VM exit drains first (calls/drain.h, drain_if_queued). When
   the drain is paused the guest goes back to the instruction that exited: that is where it was
   before, and some other exit has drained so much. So an exit that comes to its end drains all. */
inline drain_if_queued() {
    if
#ifdef BROKEN_GOES_ON_AFTER_A_PAUSE
    :: tail != ring_head -> drain(1)
#else
    :: tail != ring_head -> drain(CAPACITY)
#endif
    :: else
    fi
}

/* hypervisor/calls/vmcall.cpp: a VMCALL but Flush is executed whatever became of the batch. */
inline vmcall(word) {
#ifndef BROKEN_VMCALL_BEFORE_THE_RING
    drain_if_queued();
#endif
    d_step { finish(word) }
}

/* A VM exit of any other reason, and one whose drain is paused. */
active proctype other_exits() {
    do
    :: atomic { tail != ring_head -> drain(CAPACITY) }
    :: atomic { tail != ring_head -> drain(1) }
    od
}
