/* SPDX-License-Identifier: MIT
 * freshness - one partition of the revocation log, one node that follows it, one worker, one token.
 * Who ends the session is -DOWN: a worker of this very node, whose answer waits (worker/applied.c);
 * without it another node, whose answer leaves at the commit: the hardest case for this one.
 *
 * A tick is an instant that lasts: where the program compares nanoseconds with >=, two things of one
 * tick may have happened in either order, so the model says > where the program relies on the order.
 * An entry's id is base + index. EVICT keeps counting (ids are the server's clock), other faults
 * may begin again: a promoted server's clock, or a clock set back. MUTANT_x must break an assertion.
 */
#define TICKS 3
#define MAX_STALENESS 1 /* max_staleness */
#define PAGE 2          /* COUNT: the held entry and one more */
#define LOG 3

#define NOISE 1
#define END 2           /* ends the session: table and bucket */
#define CHANGE 3        /* replaces the session's token: bucket alone */

#define WAKE 0
#define POLL 1

#define NO_SESSION 0
#define ACTIVE 1
#define ENDED 2         /* or, after CHANGE, alive with another token */

#define NO_FAULT 0
#define FAILOVER 1      /* to an older copy */
#define FLUSH 2         /* FLUSHALL keeps the run id; a restart without data shows another: easier to see */
#define EVICT 3         /* the stream goes, its identity stays */
#define DEMOTE 4        /* planned failover: nothing is lost, our connection stays with the old server */

/* --- the store ------------------------------------------------------------------------------- */
byte now = 1;
byte server = 1, log_id = 0, base = 0, size = 0, log[LOG], record = NO_SESSION;
byte limit;          /* of the log: three where a page is to be cut, else two */
byte copy_size, copy_log[LOG], copy_id, copy_record; /* the replica */
bool demoted = false;
byte old_size, old_record; /* of the server that we are still connected to when demoted */
byte faults = 0;

/* --- this node's shared memory ---------------------------------------------------------------- */
byte fresh = 0;
#ifdef OWN
byte applied = 0;
#endif
bool table = false;
bool noted_same = false, kept_same = false; /* the bucket counter is what the worker noted, or keeps */

/* --- what must hold ---------------------------------------------------------------------------- */
byte kind;           /* END or CHANGE */
bool committed = false, acked = false;
byte acked_at = 0;

/* May the store lose what was committed? What this node did not have then is gone: that is a matter
 * of durability (store.durability, write-back), not of freshness, and ends the story here. */
#define MAY_LOSE_RECORD (!committed || (kind == END && table))

/* Positions may be given out twice (a promoted server's clock is behind). What the master still has to
 * handle of the server before is handled before the new one gives out positions: a failover takes
 * longer than a reply in flight. Nothing else in the model relies on it. */
byte reading = 0;
#ifdef OWN
#define QUIET (reading == 0)
#else
#define QUIET true
#endif

inline append(k)
{
	log[size] = k;
	size++;
	log_id = (log_id == 0 -> 1 + faults : log_id) /* random in life: never the same twice */
}

proctype fault(byte what)
{
	byte i;

	if
	:: what == FAILOVER ->
		if
		:: atomic { record != NO_SESSION || size > 0 ->
			copy_size = size; copy_id = log_id; copy_record = record;
			for (i : 0 .. LOG - 1) { copy_log[i] = log[i] }; i = 0 }
		:: true
		fi;
		atomic { now == 1 && QUIET && (MAY_LOSE_RECORD || copy_record == ENDED) ->
			server++; faults = 1;
			size = copy_size; log_id = copy_id; record = copy_record;
			for (i : 0 .. LOG - 1) { log[i] = copy_log[i]; copy_log[i] = 0 };
			i = 0; copy_size = 0; copy_id = 0; copy_record = 0
		}
	:: what == FLUSH -> atomic { now == 1 && QUIET && MAY_LOSE_RECORD ->
			faults = 1; size = 0; log_id = 0; record = NO_SESSION;
			for (i : 0 .. LOG - 1) { log[i] = 0 }; i = 0
		}
	:: what == EVICT -> atomic { now == 1 && MAY_LOSE_RECORD && size > 0 ->
			faults = 1; base = base + size; size = 0;
			for (i : 0 .. LOG - 1) { log[i] = 0 }; i = 0
		}
	:: what == DEMOTE ->
		atomic { demoted = true; old_size = size; old_record = record };
		atomic { demoted = false; old_size = 0; old_record = 0; server++ }
	:: else
	fi
}

proctype clock()
{
	do
	:: now < TICKS -> now++
	:: else -> break
	od
}

proctype others()
{
	do
	:: atomic { size < limit - 1 && !committed -> append(NOISE) }
	:: break
	od
}

/* --- who ends the session ----------------------------------------------------------------------- */
proctype writer()
{
#ifdef OWN
#define SENT (era == faults) /* a command does not reach another server than the one it was sent to */
	byte position, since, before, era;

	/* noted before the script is sent */
	atomic { record = ACTIVE; before = applied; era = faults }
#else
#define SENT true
	record = ACTIVE; /* unless it was before */
#endif
	if
	:: atomic { SENT && record == ACTIVE && size < limit && now == 1 ->
		append(kind); record = ENDED; committed = true;
#ifdef OWN
		position = base + size
#else
		acked = true; acked_at = now
#endif
		}
	:: atomic { !SENT || record != ACTIVE || size >= limit || now > 1 -> goto over } /* nothing is there to be ended */
	fi;
#ifdef OWN
	since = now;
	if
#ifdef MUTANT_ANSWER_BEFORE_APPLIED
	:: true
#endif
#ifdef MUTANT_POSITION_OF_A_LOST_ENTRY
	:: applied >= position
#else
	:: applied >= position && before < position
#endif
	:: fresh > since
	:: now > since + MAX_STALENESS
	fi;
	acked = true;
#endif
over:	skip
}

/* --- the master -------------------------------------------------------------------------------- */
/* One XREAD of a page from just before `pos`, executed by the server at once. */
inline xread(w)
{
	n[w] = 0; first[w] = 0;
#ifdef OWN
	reading++;
#endif
	i = (from[w] > base -> from[w] - base - 1 : 0);
	do
	:: i < (demoted -> old_size : size) && n[w] < PAGE ->
		first[w] = (n[w] == 0 -> base + i + 1 : first[w]);
		reply[w * PAGE + n[w]] = log[i];
		n[w]++; i++
	:: else -> break
	od;
	i = 0
}

inline bump() { d_step { noted_same = false; kept_same = false } }

/* sub_stream(): entries beyond the held position into table and bucket, then the position. */
inline take(w)
{
	d_step {
		gap = from[w] > 0 && (n[w] == 0 || first[w] != from[w]);
		cut = n[w] == PAGE;
		i = 0
	}
	do
	:: i < n[w] && !gap && first[w] + i > pos ->
		got = reply[w * PAGE + i];
#ifdef MUTANT_APPLIED_BEFORE_TABLE
		applied = (first[w] + i > applied -> first[w] + i : applied);
#endif
#ifdef MUTANT_CLOCK_BEFORE_TABLE
		if
		:: w == POLL -> fresh = sent
		:: else
		fi;
#endif
		if
		:: got == END -> table = true
		:: else
		fi;
		if
#ifdef MUTANT_BUCKET_AFTER_CLOCK
		:: got != NOISE -> owed = true
#else
		:: got != NOISE -> bump()
#endif
		:: else
		fi;
		d_step { pos = first[w] + i; i++; got = 0 }
	:: i < n[w] && !gap && first[w] + i <= pos -> i++
	:: else -> break
	od;
#ifdef OWN
	atomic {
		reading--;
		if
		:: pos > applied -> applied = pos
		:: else
		fi
	}
#else
	skip
#endif
}

proctype master()
{
	byte pos, held_server, held_id, sent, i, got;
	byte from[2], n[2], first[2], reply[4];
	byte b_server, b_id;
	bool began, gap, cut, whole, refused, must_reset, behind, owed;
	byte step = 0; /* of the poll: 0 none, 1 asked who it is, 2 read, 3 asked again */

end:	do
	/* a wake-up, real, late, repeated or forged; and the pages of a log that was cut */
	/* one that finds nothing changes nothing; replies come in the order of the questions */
	:: began && step <= 1 && (pos < base + size || (pos > 0 && (pos <= base || pos > base + size))) ->
		atomic { from[WAKE] = pos; xread(WAKE) }
		take(WAKE);
		d_step { must_reset = must_reset || gap; behind = cut;
			from[WAKE] = 0; n[WAKE] = 0; first[WAKE] = 0;
			reply[0] = 0; reply[1] = 0; gap = false; cut = false }
	:: step == 0 && (fresh != now || must_reset || behind) ->
		atomic { began = true; step = 1; sent = now; from[POLL] = pos; b_server = server; b_id = log_id; refused = demoted }
#ifdef OWN
	/* here the three in one: a fault between them is the other configuration's matter */
	:: step == 1 -> atomic { b_server = server; b_id = log_id; refused = demoted; xread(POLL); step = 2 }
#else
	:: step == 1 -> atomic { xread(POLL); step = 2 }
#endif
	:: step == 2 -> /* replies are taken in one go, when the last is here */
		atomic { refused = refused || demoted; gap = b_server != server || (b_id != 0 && b_id != log_id);
			whole = b_id != 0 && pos == 0; b_id = log_id; b_server = server; step = 3;
#ifndef MUTANT_IDENTITY_IGNORED
			must_reset = must_reset || gap || (held_server != 0 && held_server != b_server);
			must_reset = must_reset || (held_id != 0 && held_id != b_id);
#endif
			gap = false }
		take(POLL);
#ifdef MUTANT_ROLE_IGNORED
		refused = false;
#endif
		must_reset = must_reset || gap || refused;
		if
		:: refused
		:: !refused && must_reset -> /* on_reset() */
			fresh = 0;
#ifdef OWN
			applied = 0;
#endif
			bump();
			d_step { pos = 0; held_server = 0; held_id = 0; must_reset = false; behind = false }
		:: else ->
#ifndef MUTANT_LATE_IDENTITY
			d_step {
				if
				:: held_id == 0 && b_id != 0 && !whole -> pos = 0; cut = true
				:: else
				fi
			}
#endif
			held_server = b_server; held_id = b_id;
#ifndef MUTANT_CUT_COUNTS
			if
			:: !cut -> fresh = sent
			:: else
			fi;
#else
			fresh = sent;
#endif
			behind = cut
		fi;
#ifdef MUTANT_BUCKET_AFTER_CLOCK
		if
		:: owed -> owed = false; bump()
		:: else
		fi;
#endif
		d_step { step = 0; sent = 0; from[POLL] = 0; n[POLL] = 0; first[POLL] = 0;
			reply[2] = 0; reply[3] = 0; gap = false; cut = false; whole = false; b_server = 0; b_id = 0;
			refused = false }
	od
}

/* --- the worker -------------------------------------------------------------------------------- */
/* Looks that begin earlier than this can break nothing; not making them saves states. */
#ifdef OWN
#define MAY_MATTER acked
#else
#define MAY_MATTER (committed && now >= MAX_STALENESS + 1)
#endif

/* An acceptance by memory at this instant. On the acknowledging node what began before the
 * acknowledgement may still end after it. */
inline accepted(bound)
{
#ifdef OWN
	assert(!after_ack)
#else
	assert(!(acked && now > acked_at + bound))
#endif
}

/* The fallback question: one pipeline, on a server that says it is a primary; or no answer. What a
 * store says that has lost an end is held against the table. */
inline ask_store()
{
	if
	:: !demoted -> good = (record == ACTIVE)
#ifdef MUTANT_REPLICA_ANSWERS
	:: demoted -> good = (old_record == ACTIVE)
#endif
	:: true -> good = false
#ifdef MUTANT_OUTAGE_SAYS_VALID
		; accepted(MAX_STALENESS)
#endif
	fi
}

inline hold_against_table()
{
#ifndef MUTANT_STORE_NOT_HELD_AGAINST_TABLE
	good = good && !table;
#endif
	assert(!(good && after_ack))
}

/* Proof, table, present time. */
proctype access_token()
{
	byte proof, at;
	bool seen, after_ack, good;

end:	do
	:: atomic { MAY_MATTER -> after_ack = acked }
#if defined(MUTANT_TABLE_BEFORE_PROOF)
		seen = table;
		proof = fresh;
		at = now;
#elif defined(MUTANT_TIME_BEFORE_TABLE)
		proof = fresh;
		at = now;
		seen = table;
#else
		proof = fresh;
		seen = table;
#endif
		atomic {
#if !defined(MUTANT_TABLE_BEFORE_PROOF) && !defined(MUTANT_TIME_BEFORE_TABLE)
			at = now;
#endif
			good = proof > 0 && at - proof <= MAX_STALENESS;
			if
			:: seen
			:: !seen && good -> accepted(MAX_STALENESS)
			:: !seen && !good -> goto ask
			fi;
			goto over
		}
ask:		atomic { ask_store() }
		atomic { hold_against_table() }
over:		skip;
		d_step { proof = 0; at = 0; seen = false; after_ack = false; good = false }
	od
}

/* Session tokens: a remembered copy of the record, true while its bucket stands still. */
proctype session_token()
{
	byte proof;
	bool seen, same, after_ack, good, has;

end:	do
	:: atomic { record != NO_SESSION && !has && (!committed || demoted || (faults > 0 && acked)) ->
		after_ack = acked;
#ifndef MUTANT_BUCKET_NOTED_LATE
		noted_same = true /* before the store is asked */
#endif
		}
		atomic { ask_store() }
#ifdef MUTANT_BUCKET_NOTED_LATE
		noted_same = true;
#endif
		atomic { hold_against_table(); has = good; kept_same = good && noted_same; noted_same = false; good = false; after_ack = false }
	:: atomic { has && MAY_MATTER -> after_ack = acked }
#ifdef MUTANT_COPY_BEFORE_PROOF
		same = kept_same;
		proof = fresh;
		seen = table;
#else
		proof = fresh;
		seen = table;
		same = kept_same;
#endif
		atomic {
			good = proof > 0 && now - proof <= MAX_STALENESS;
			if
			:: !seen && same && good -> accepted(MAX_STALENESS)
			:: else
			fi;
			has = same && !seen; kept_same = kept_same && has;
			proof = 0; seen = false; same = false; good = false; after_ack = false
		}
	od
}

init {
	atomic {
		run clock(); run others(); run writer(); run master();
#if defined(OWN) && defined(FAULT)
		kind = END; run session_token();
#else
		if
		:: kind = END; run access_token()
		:: kind = CHANGE; run session_token()
		fi;
#endif
#ifdef FAULT
		limit = LOG - 1;
		if
		:: FAULT == FLUSH /* the session may be of before, and lost, or of after */
		:: FAULT != FLUSH -> record = ACTIVE; copy_record = ACTIVE
		fi;
		run fault(FAULT)
#else
		limit = LOG;
		record = ACTIVE
#endif
	}
}
