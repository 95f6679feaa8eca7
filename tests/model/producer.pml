/* The ROM's side of the ring. Each STEP is one instruction: an interrupt or a VM exit may come
   before any of them. */

/* A step of context `me`, if `condition` is true: only while it runs, and it finds the lazy mode as
   it left it. */
#define STEP_IF(me, condition, action) \
    atomic { running == me && (condition) -> assert(lazy_mode == section[me]); action }
#define STEP(me, action) STEP_IF(me, true, action)

/* vmi_rom/machine.h, flush: a VMCALL that has no other effect than the drain. */
#define FLUSH(me) STEP(me, drain_if_queued())

/* A call is made, watched or not. */
inline make_call() {
    if
    :: call = 0
    :: !called[1] -> call = 1; called[1] = true
    :: returned[1] && !called[2] -> call = 2; called[2] = true
    fi
}
inline make_refused_or_not() {
    if
    :: true
    :: call = call | REFUSED
    fi
}
inline call_returns() { returned[mark_of(call)] = mark_of(call) != 0; call = 0 }

/* vmi_rom/machine.h: PUSHFQ and CLI, POPFQ. An interrupt between the first two changes nothing. */
#ifdef BROKEN_COMPARE_EXCHANGE
#define disable_interrupts() skip
#define restore_interrupts() skip
#else
#define disable_interrupts() flags = interrupts; interrupts = false
#define restore_interrupts() interrupts = flags; flags = false
#endif

/* vmi_rom/producer.h, queue_locked, while a lazy mode is set. */
#ifdef BROKEN_COMPARE_EXCHANGE
/* Better than comparing tails: those are equal again when they have wrapped. */
byte last_chooser;
#define load_tail(me) old_tail = tail; last_chooser = me
#else
#define load_tail(me) old_tail = tail
#endif
inline choose_slot(me) {
    STEP(me, load_tail(me));
#ifndef BROKEN_WRITES_INTO_A_FULL_RING
    do
    :: STEP_IF(me, (old_tail + MODULUS - head) % MODULUS < CAPACITY, skip); break
    :: STEP_IF(me, (old_tail + MODULUS - head) % MODULUS >= CAPACITY, old_tail = 0;
               restore_interrupts());
       FLUSH(me);
       STEP(me, disable_interrupts());
       STEP(me, load_tail(me))
    od
#endif
}
inline write_words(me) {
    STEP(me, slot[old_tail % CAPACITY].call = call);
    STEP(me, slot[old_tail % CAPACITY].argument = call)
}
inline publish(me) { STEP(me, tail = (tail + 1) % MODULUS) }

inline write_entry(me) {
#if defined(BROKEN_COMPARE_EXCHANGE)
    do /* writes the entry again when anybody has published in between */
    :: choose_slot(me);
       write_words(me);
       if
       :: STEP_IF(me, last_chooser == me, tail = (tail + 1) % MODULUS); break
       :: STEP_IF(me, last_chooser != me, skip)
       fi
    od
#elif defined(BROKEN_PUBLISHES_BEFORE_WRITING)
    choose_slot(me);
    publish(me);
    write_words(me)
#else
    choose_slot(me);
    write_words(me);
    publish(me)
#endif
}

/* vmi_rom/producer.h, queue. */
inline queue(me) {
    STEP(me, make_call(); disable_interrupts());
    if
    :: STEP_IF(me, lazy_mode == NONE, skip); STEP(me, vmcall(call))
    :: STEP_IF(me, lazy_mode != NONE, make_refused_or_not()); write_entry(me)
    fi;
    STEP(me, old_tail = 0; restore_interrupts(); call_returns())
}

/* vmi_rom/entries.cpp: a call that is not queued, SetCR4 for one. */
inline call_at_once(me) { STEP(me, make_call(); vmcall(call); call_returns()) }

/* vmi_rom/producer.cpp, enter: one compare-exchange, which changes nothing while a mode is set. */
inline enter(me, mode) {
    if
    :: STEP_IF(me, lazy_mode == NONE, lazy_mode = mode; section[me] = mode)
    :: STEP_IF(me, lazy_mode != NONE, skip) /* nested_lazy_mode */
    fi
}

/* vmi_rom/producer.cpp, leave. */
inline flush_if_queued(me) {
    STEP(me, old_head = head);
    if
    :: STEP_IF(me, old_head == tail, old_head = 0)
    :: STEP_IF(me, old_head != tail, old_head = 0); FLUSH(me)
    fi
}
inline end_mode(me) { STEP(me, lazy_mode = NONE; section[me] = NONE) }

inline leave(me) {
    if
    :: STEP_IF(me, lazy_mode == NONE, skip) /* unpaired_lazy_mode */
    :: STEP_IF(me, lazy_mode != NONE, skip);
#ifdef BROKEN_FLUSHES_BEFORE_THE_MODE_ENDS
       flush_if_queued(me);
       end_mode(me);
#else
       end_mode(me);
       flush_if_queued(me);
#endif
       if
       :: STEP_IF(me, !pending_error, skip)
       :: STEP_IF(me, pending_error, skip); STEP(me, pending_error = false) /* XCHG: reports it */
       fi;
       STEP(me, assert(lazy_mode == NONE && head == tail && nothing_waits && !pending_error))
    fi
}

/* vmi_rom/producer.cpp, halt. STI and HLT are one step: nothing can arrive between them. */
inline halt(me) {
#ifndef BROKEN_HALTS_WITH_INTERRUPTS_ON
    STEP(me, interrupts = false);
#endif
    flush_if_queued(me);
    STEP(me, interrupts = true; assert(head == tail && nothing_waits))
}
