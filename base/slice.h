/* SPDX-License-Identifier: MIT
 * slice - a pointer and a length; borrows, never owns. */
#ifndef SD_SLICE_H
#define SD_SLICE_H

#include "base.h"

struct sd_slice {
	const char *p;
	size_t n;
};

#define SD_SLICE(lit) ((struct sd_slice){(lit), sizeof(lit) - 1})
#define SD_SLICE_FMT "%.*s"
#define SD_SLICE_ARG(s) (int)(s).n, (s).p

static inline struct sd_slice sd_slice(const void *p, size_t n)
{
	return (struct sd_slice){(const char *)p, n};
}

static inline struct sd_slice sd_slice_str(const char *s)
{
	return (struct sd_slice){s, s ? strlen(s) : 0};
}

static inline bool sd_slice_eq(struct sd_slice a, struct sd_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool sd_slice_is(struct sd_slice a, const char *s)
{
	return sd_slice_eq(a, sd_slice_str(s));
}

/* ASCII case folded. */
bool sd_slice_ieq(struct sd_slice a, struct sd_slice b);

/* Time depends on the lengths alone, never on the bytes. */
bool sd_slice_eq_ct(struct sd_slice a, struct sd_slice b);

/* A byte below 0x20, or 0x7f. */
bool sd_slice_has_control(struct sd_slice s);
/* ... or, in UTF-8, U+0080 to U+009F: terminals obey these too. */
bool sd_slice_has_control_utf8(struct sd_slice s);

/* Copies and NUL-terminates; SD_ERR_TOO_BIG when it does not fit, SD_ERR_INVALID on an inner NUL. */
int sd_slice_copy(struct sd_slice s, char *out, size_t size) SD_MUSTCHECK;

/* Decimal, 1..19 digits, no sign, no leading zero (but "0"); SD_ERR_INVALID otherwise. */
int sd_slice_u64(struct sd_slice s, uint64_t *out) SD_MUSTCHECK;

#endif
