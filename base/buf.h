/* SPDX-License-Identifier: MIT
 * buf - a growable byte buffer with a hard bound. Appending past the bound (or out of memory)
 * sets `failed` and appends nothing from then on, so that a writer checks once, at the end. */
#ifndef SD_BUF_H
#define SD_BUF_H

#include "slice.h"

struct sd_buf {
	char *p;
	size_t len;
	size_t cap;
	size_t max; /* never grows past this many bytes */
	bool failed;
};

/* max > 0. Nothing is allocated before the first append. */
void sd_buf_init(struct sd_buf *b, size_t max);
/* Overwrites what it holds and frees; NULL and twice are fine. sd_buf_wipe_fini(): also what lies behind
 * that, where somebody wrote into reserved room. Requests and answers carry tokens: none stays behind. */
void sd_buf_fini(struct sd_buf *b);
void sd_buf_wipe_fini(struct sd_buf *b);
/* Keeps the memory, overwrites and forgets content, forgets failure. */
void sd_buf_reset(struct sd_buf *b);
/* Room for n more bytes; SD_ERR_TOO_BIG / SD_ERR_MEMORY (and failed is set). */
int sd_buf_reserve(struct sd_buf *b, size_t n) SD_MUSTCHECK;
void sd_buf_append(struct sd_buf *b, const void *p, size_t n);
void sd_buf_put(struct sd_buf *b, struct sd_slice s);
void sd_buf_str(struct sd_buf *b, const char *s);
void sd_buf_char(struct sd_buf *b, char c);
void sd_buf_u64(struct sd_buf *b, uint64_t v);
void sd_buf_i64(struct sd_buf *b, int64_t v);
void sd_buf_hex(struct sd_buf *b, const void *p, size_t n);
void sd_buf_printf(struct sd_buf *b, const char *fmt, ...) SD_PRINTF(2, 3);
/* Appends s as a quoted JSON string (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
void sd_buf_json_str(struct sd_buf *b, struct sd_slice s);
/* Drops the first n bytes (n <= len), moving the rest down; overwrites the room that this leaves. */
void sd_buf_consume(struct sd_buf *b, size_t n);
static inline struct sd_slice sd_buf_slice(const struct sd_buf *b)
{
	return sd_slice(b->p, b->len);
}

#endif
