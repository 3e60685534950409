/* SPDX-License-Identifier: MIT
 * writeback - one session that was ended, a store that comes back without the end, and two masters
 * that each remember privately what they applied (master/writeback.c, store/scripts/end.lua).
 * Only the first one's memory is of the first hand; the second may have learnt the end from what the
 * first wrote back. Faults: an older copy (the session is active in it), nothing at all (the copy
 * may still come later), the log alone. MUTANT_x must break an assertion or the end of all work.
 */
#define FAULTS 2
#define NO_RECORD 0
#define ACTIVE 1
#define ENDED 2          /* or a tombstone */

byte record = ACTIVE;
byte entries = 0;        /* entries of this end in the log; 0: lost, or never there */
bool absolute = false;   /* ... and whether they tell the session's own absolute end */
byte server = 1;
byte faults = 0, appended = 0;
bool applied[2];         /* the node's table had the end: it is a promise */
bool remembers[2], settled[2], alive[2] = true;

/* A memory is kept until the session's absolute end: an entry that does not tell it is forgotten
 * with the last access token. */
inline append(tells) { entries++; appended++; absolute = tells; assert(appended <= 1 + faults) }

inline end_script(write_back)
{
	if
	:: record == ACTIVE ->
		record = ENDED; append(true)
	:: record == NO_RECORD && write_back ->
#ifdef MUTANT_NO_TOMBSTONE
		append(true)
#else
		record = ENDED;
#ifdef MUTANT_TOMBSTONE_FORGETS
		append(false)
#else
		append(true)
#endif
#endif
	:: record == ENDED && write_back ->
#if defined(MUTANT_ALWAYS_LOGS)
		append(true)
#elif defined(MUTANT_LOG_ALONE_IS_NOT_SEEN)
		skip
#else
		if
		:: entries == 0 -> append(true)
		:: else
		fi
#endif
	:: else
	fi
}

proctype ender()
{
	atomic { record == ACTIVE && faults == 0 -> end_script(false) }
}

/* What was ended and applied by a live master may be lost now; the masters find another server (or
 * log identity), and forget their positions, not their memory. */
inline lose()
{
	faults++; server++;
	if
	:: record = ACTIVE; entries = 0      /* an older copy */
	:: record = NO_RECORD; entries = 0   /* FLUSHALL, a restart without data */
	:: entries = 0                       /* the log alone */
	fi;
	settled[0] = false; settled[1] = false
}

proctype store()
{
	do
	:: atomic { faults < FAULTS && (applied[0] || applied[1]) -> lose() }
	:: break
	od;
	/* its memory goes with it: only while the other one has the end as well */
	if
	:: atomic { applied[1] -> alive[0] = false }
	:: true
	fi;
	do
	:: atomic { faults < FAULTS && applied[1] -> lose() }
	:: break
	od
}

/* Reads all, writes back what the log did not show, and only then counts (redis_sub: settled). */
proctype master(byte me)
{
	byte held = 0, at = 0;
	bool seen;

end:	do
	:: !alive[me] -> break
	:: atomic { alive[me] && (server != held || (entries > 0 && !applied[me])) -> at = server; seen = entries > 0 }
		atomic { /* replies of a server that is gone may still arrive */
			applied[me] = applied[me] || seen;
			remembers[me] = remembers[me] || (seen && absolute)
		}
#ifndef MUTANT_COUNTS_BEFORE_WRITE_BACK
		atomic {
			if
			:: alive[me] && remembers[me] && !seen && at == server -> end_script(true)
			:: else
			fi
		}
		atomic { /* the poll that counts: the same server before and after */
			if
			:: alive[me] && at == server -> held = at; settled[me] = true;
				assert(!applied[me] || entries > 0) /* who reads it from now on learns it */
			:: else
			fi;
			at = 0; seen = false
		}
#else
		atomic {
			if
			:: alive[me] && at == server -> held = at; settled[me] = true;
				assert(!applied[me] || entries > 0) /* who reads it from now on learns it */
			:: else
			fi
		}
		atomic {
			if
			:: alive[me] && remembers[me] && !seen && at == server -> end_script(true)
			:: else
			fi;
			at = 0; seen = false
		}
#endif
	od
}

/* The holder of the refresh token: it works again at most until the first live node that had applied
 * the end has written it back, which is before that node says "fresh". */
proctype holder()
{
end:	do
	:: atomic { record == ACTIVE && appended > 0 ->
		assert(!(alive[0] && applied[0] && settled[0]) && !(alive[1] && applied[1] && settled[1])) }
	od
}

init {
	atomic { run ender(); run store(); run master(0); run master(1); run holder() }
}
