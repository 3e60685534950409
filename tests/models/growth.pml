/* SPDX-License-Identifier: MIT
 * growth - the revocation table gets a successor while ends come and readers look.
 * One writer, in the steps that others could see; a reader (they do not meet) of the old table or,
 * once it is handed over, of the new one. Asserted: an end that was entered before a look began is never CLEAR.
 * Mutants (-DMUTANT_...) break one rule each: see run. */
#define SLOTS 3
#define ENDS 3 /* 1 .. ENDS; one more than the old table takes when it is left */

byte old_t[SLOTS], new_t[ENDS];
byte copied;         /* slots of the old table that the draft has */
bool moved;          /* readers of the old table see it */
bool in_force;       /* the writer enters into the new one */
bool handed;         /* readers may have it */
bool entered[ENDS + 1];

inline put_new(e)
{
	atomic {
		byte at = 0;
		do
		:: at < ENDS && new_t[at] != 0 && new_t[at] != e -> at++
		:: else -> break
		od;
		assert(at < ENDS);
		new_t[at] = e
	}
}

/* The slot first, then, where the draft has that slot already, the draft: only then it is entered. */
inline enter(e)
{
	if
	:: in_force -> put_new(e)
	:: else ->
		if
		:: old_t[0] == 0 -> s = 0
		:: old_t[1] == 0 -> s = 1
		:: old_t[2] == 0 -> s = 2
		fi;
		old_t[s] = e;
#ifndef MUTANT_DRAFT_MISSES_WHAT_COMES
		if
		:: s < copied -> put_new(e)
		:: else
		fi
#endif
	fi;
	entered[e] = true
}

active proctype writer()
{
	byte e = 1, s;

	do
	:: e <= ENDS -> enter(e); e++
	:: !in_force && copied < SLOTS ->
		if
		:: old_t[copied] != 0 -> put_new(old_t[copied])
		:: else
		fi;
		copied++
#ifdef MUTANT_IN_FORCE_BEFORE_ALL_IS_COPIED
	:: !in_force && copied > 0 ->
#else
	:: !in_force && copied == SLOTS ->
#endif
#if !defined(MUTANT_NOT_MARKED) && !defined(MUTANT_MARKED_LATE)
		moved = true;
#endif
		in_force = true
	:: in_force && !handed ->
#ifdef MUTANT_MARKED_LATE
		moved = true;
#endif
		handed = true
	:: e > ENDS && handed -> break
	od
}

/* Slot by slot, then the mark. */
active proctype reader()
{
	byte e, at;
	bool mine_is_new, found;

again:
	select(e : 1 .. ENDS);
	mine_is_new = handed;
	if
	:: true
	:: mine_is_new = false /* it has not taken it yet */
	fi;
	if
	:: !entered[e] -> goto again
	:: else
	fi;
	found = false;
	at = 0;
	do
	:: mine_is_new && at < ENDS -> found = found || new_t[at] == e; at++
	:: !mine_is_new && at < SLOTS -> found = found || old_t[at] == e; at++
	:: else -> break
	od;
	assert(found || (!mine_is_new && moved))
}
