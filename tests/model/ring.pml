/* The ring's protocol on one vCPU, for Spin (check.sh): the ROM that queues, the monitor that
   drains, and a kernel whose tasks and interrupt handlers call the ROM whenever they like. All runs
   are searched, however long. What must be true is asserted where it is:

   each call is executed once, in program order, in one piece   monitor.pml, finish, read_entry
   nothing runs after a refused entry of its batch              monitor.pml, execute_entry
   the ring never holds more than it has slots for              monitor.pml, drain
   at most one mode is set, and nobody's is changed             producer.pml, STEP_IF
   when leave returns, the ring is empty, all calls are done    producer.pml, leave
     and each refused batch is reported
   nothing waits in the ring while the processor halts          producer.pml, halt

   step of the model                      what it stands for
   make_call, queue, choose_slot,         vmi_rom/producer.h: queue, queue_locked
     write_words, publish
   disable_interrupts                     vmi_rom/machine.h: PUSHFQ, CLI; restore_interrupts: POPFQ
   enter, leave, flush_if_queued, halt    vmi_rom/producer.cpp
   call_at_once                           vmi_rom/entries.cpp: what is not queued, SetCR4 for one
   drain                                  hypervisor/calls/drain.cpp, pause.h
   drain_if_queued, other_exits           hypervisor/exits/dispatch.cpp: every VM exit drains first
   vmcall                                 hypervisor/calls/vmcall.cpp
   put_mode_aside, switch_tasks,          guest/kernel/tasks/context_switch.cpp
     give_mode_back
   the whole                              docs/abi.md, "The ring", "Drain", "Lazy modes"

   A macro BROKEN_... makes one thing wrong; Spin must then find an error. Left out: the words the
   monitor ignores, a guest that writes what it likes into the header (the unit tests have it), and
   the mirrors of registers. */

/* Small, so that all states can be visited. No step depends on the numbers but by the wrap of the
   indices, which come around every few calls here. */
#define CAPACITY 2 /* abi::ring_capacity, 512 */
#define MODULUS 4  /* 2^32 */

/* abi::LazyMode */
#define NONE 0
#define MMU 1
#define CPU 2

/* Who calls the ROM: tasks, and handlers. The first handler interrupts a task, the second the first
   handler. Two tasks and two handlers are too many states: there is a run of two tasks with one
   handler, and one of one task with two. */
#ifndef TASKS
#define TASKS 2
#endif
#ifndef HANDLERS
#define HANDLERS 1
#endif
#define CONTEXTS (TASKS + HANDLERS)
byte running;           /* the context that the processor is in */
bool interrupts = true; /* RFLAGS.IF */
byte section[CONTEXTS]; /* the lazy mode each has set, or found set when it began */
byte saved[TASKS];      /* Task::lazy_mode: of a task that was switched away inside a section */

#include "monitor.pml"
#include "producer.pml"

/* A task does anything in any order: enters a mode, also while one is set (refused), makes calls in
   it and outside, and leaves it, also while none is set (refused). */
proctype task(byte me) {
    byte call, old_tail, old_head;
    bool flags;
    do
    :: enter(me, MMU)
    :: queue(me)
    :: call_at_once(me)
    :: halt(me)
    :: leave(me)
    od
}

/* A handler that needs a mode of its own, or none, ends the section of whoever it interrupted, and
   enters it again at its end: leave_section and enter_section_again. */
inline put_mode_aside(me) {
    if
    :: before != NONE -> leave(me)
    :: else
    fi
}
inline give_mode_back(me) {
    if
    :: before != NONE -> enter(me, before)
    :: else
    fi
}

/* The handler will return to the other task. */
inline switch_tasks(me) {
#ifdef BROKEN_SWITCHES_INSIDE_A_SECTION
    STEP(me, interrupted = TASKS - 1 - interrupted)
#else
    STEP(me, saved[interrupted] = before;
             interrupted = TASKS - 1 - interrupted;
             before = saved[interrupted];
             saved[interrupted] = NONE)
#endif
}

/* A handler makes calls in the mode that it finds, or in none, or in a section of its own; after a
   section it may switch tasks. */
#define KEEP 3
proctype handler(byte me) {
    byte call, old_tail, old_head, interrupted, before, mode;
    bool flags;
    do
    :: atomic {
           interrupts && (running == me - 1 || (me == TASKS && running < TASKS)) ->
           interrupted = running;
           running = me;
           interrupts = false;
           before = lazy_mode;
           section[me] = lazy_mode;
           if
           :: mode = KEEP
           :: me == TASKS -> mode = NONE
           :: mode = CPU
           fi
       }
       if
       :: true
       :: me < CONTEXTS - 1 -> STEP(me, interrupts = true) /* and is interrupted itself */
       fi;
#ifndef BROKEN_SWITCHES_INSIDE_A_SECTION
       if
       :: mode != KEEP -> put_mode_aside(me)
       :: else
       fi;
#endif
       if
       :: mode == CPU -> enter(me, CPU)
       :: else
       fi;
       do
       :: queue(me)
       :: call_at_once(me)
       :: break
       od;
       if
       :: mode == CPU ->
#ifndef BROKEN_SWITCHES_INSIDE_A_SECTION
          leave(me);
#endif
          if
          :: me == TASKS -> switch_tasks(me)
          :: true
          fi
       :: else
       fi;
       if
       :: mode != KEEP -> give_mode_back(me)
       :: else
       fi;
       STEP(me, running = interrupted; interrupts = true; interrupted = 0; before = 0; mode = 0)
    od
}

init {
    atomic {
        for (at : 0 .. CAPACITY - 1) { slot[at].call = STALE; slot[at].argument = STALE }
        for (at : 0 .. TASKS - 1) { run task(at) }
        for (at : TASKS .. CONTEXTS - 1) { run handler(at) }
    }
}
