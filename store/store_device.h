/* SPDX-License-Identifier: MIT
 * store_device - what may be asked of the store about a user's devices. As in store_ask.h; the
 * results are read from the call with store_device_at(). */
#ifndef SD_STORE_DEVICE_H
#define SD_STORE_DEVICE_H

#include "store_life.h"

/* A user has no more of them; a longer list is refused as corrupt. */
#define STORE_MAX_DEVICES 100

struct store_device {
	struct sd_slice id, name, type, trust; /* empty = not said */
	int64_t made_ms, changed_ms, seen_ms;  /* seen: a session was made on it; 0 = never */
};

/* Device i < call->row_count; valid until the call is released. */
void store_device_at(const struct store_call *call, uint32_t i, struct store_device *out);

struct store_device_ask {
	struct sd_slice tenant, user, id; /* id empty: all of them (read) */
	bool may_make;                    /* write: registers it where it is not known */
	bool has_name, has_type, has_trust, has_data; /* write: what is given; the rest stays */
	struct sd_slice name, type, trust;
	struct sd_slice data;             /* sealed, under: */
	struct store_user_key key;
	struct store_clocks now;          /* write: its sessions are judged by its trust from now on */
	enum end_reason reason;           /* end: of its sessions */
	int64_t retain_s;
};

/* OK: row_count devices, kept.key; of a single one kept.data. ABSENT: no such device. */
void store_device_read(struct store *s, const struct store_device_ask *in, struct store_call *call);
/* OK: the device as it is now, kept.data (unless written), kept.renewed when it is new; log_pos when sessions
 * that live are trusted otherwise now. ABSENT;
 * LIMIT: the user has STORE_MAX_DEVICES; RESTRICTED: he is; KEY with kept.key. */
void store_device_write(struct store *s, const struct store_device_ask *in, struct store_call *call);
/* OK with ended; kept.renewed when it was known. */
void store_device_end(struct store *s, const struct store_device_ask *in, struct store_call *call);

#endif
