/* SPDX-License-Identifier: MIT
 * buf - a growable byte buffer with a hard bound.
 * Owns:      the bytes of a struct sd_buf
 * Runs in:   every process, before and after its sandbox
 * Fails by:  setting `failed`; sd_buf_reserve returns SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     realloc: it may leave an unwiped copy of a secret behind */
#include "base.h"
#include "buf.h"

#include "die.h"
#include "err.h"
#include "secret.h"
#include "starved.h"

#define BUF_FIRST 128 /* bytes of the first allocation */

static const char hex_digits[] = "0123456789abcdef";

void sd_buf_init(struct sd_buf *b, size_t max)
{
	sd_bug_if(max == 0);
	*b = (struct sd_buf){.max = max};
}

void sd_buf_fini(struct sd_buf *b)
{
	if (b == NULL)
		return;
	sd_wipe(b->p, b->len);
	free(b->p);
	*b = (struct sd_buf){.max = b->max};
}

void sd_buf_wipe_fini(struct sd_buf *b)
{
	if (b == NULL)
		return;
	if (b->p != NULL)
		sd_wipe(b->p, b->cap);
	sd_buf_fini(b);
}

void sd_buf_reset(struct sd_buf *b)
{
	sd_wipe(b->p, b->len);
	b->len = 0;
	b->failed = false;
}

/* The allocation is always cap + 1 bytes: vsnprintf needs room for its NUL even at the bound. */
static int grow(struct sd_buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : SD_MIN((size_t)BUF_FIRST, b->max);
	char *p;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	p = cap < SIZE_MAX ? sd_starved_note(malloc(cap + 1)) : NULL;
	if (p == NULL)
		return SD_ERR_MEMORY;
	if (b->p != NULL) {
		memcpy(p, b->p, b->len);
		sd_wipe(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return SD_OK;
}

int sd_buf_reserve(struct sd_buf *b, size_t n)
{
	int err = SD_OK;

	if (b->failed || n > b->max - b->len)
		err = SD_ERR_TOO_BIG;
	else if (b->p == NULL || n > b->cap - b->len)
		err = grow(b, b->len + n);
	if (err != SD_OK)
		b->failed = true;
	return err;
}

void sd_buf_append(struct sd_buf *b, const void *p, size_t n)
{
	if (n == 0 || sd_buf_reserve(b, n) != SD_OK)
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void sd_buf_put(struct sd_buf *b, struct sd_slice s)
{
	sd_buf_append(b, s.p, s.n);
}

void sd_buf_str(struct sd_buf *b, const char *s)
{
	sd_buf_append(b, s, strlen(s));
}

void sd_buf_char(struct sd_buf *b, char c)
{
	sd_buf_append(b, &c, 1);
}

void sd_buf_u64(struct sd_buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	sd_buf_append(b, digits + at, sizeof(digits) - at);
}

void sd_buf_i64(struct sd_buf *b, int64_t v)
{
	char digits[21];
	size_t at = sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v; /* INT64_MIN has no positive twin */

	do {
		digits[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v < 0)
		digits[--at] = '-';
	sd_buf_append(b, digits + at, sizeof(digits) - at);
}

void sd_buf_hex(struct sd_buf *b, const void *p, size_t n)
{
	const unsigned char *u = p;

	if (n > SIZE_MAX / 2 || sd_buf_reserve(b, n * 2) != SD_OK) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		b->p[b->len++] = hex_digits[u[i] >> 4];
		b->p[b->len++] = hex_digits[u[i] & 15];
	}
}

void sd_buf_printf(struct sd_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (sd_buf_reserve(b, 0) != SD_OK)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->len, b->cap - b->len + 1, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n > b->cap - b->len) {
		if (sd_buf_reserve(b, (size_t)n) != SD_OK)
			return;
		va_start(ap, fmt);
		n = vsnprintf(b->p + b->len, b->cap - b->len + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

/* The length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates, up to
 * U+10FFFF) and its code point; 0 when it is none. n > 0. */
static size_t utf8_read(const unsigned char *p, size_t n, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t v;

	*cp = p[0];
	if (len < 2)
		return len;
	if (p[0] > 0xf4 || len > n)
		return 0;
	v = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3fu);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*cp = v;
	return len;
}

/* Beyond what RFC 8259 demands, C1 controls and the Unicode line ends are escaped as well: they
 * act on terminals and split lines in viewers. */
static bool must_escape(uint32_t cp)
{
	return cp < 0x20 || cp == '"' || cp == '\\' || (cp >= 0x7f && cp <= 0x9f) ||
	       cp == 0x2028 || cp == 0x2029;
}

static void put_escaped(struct sd_buf *b, uint32_t cp)
{
	static const char names[] = "\b\f\n\r\t\"\\";
	static const char shorts[] = "bfnrt\"\\";
	const char *at = cp != 0 && cp < 0x80 ? strchr(names, (int)cp) : NULL;
	char out[6] = {'\\', 'u'};

	if (at != NULL) {
		out[1] = shorts[at - names];
		sd_buf_append(b, out, 2);
		return;
	}
	for (int i = 0; i < 4; i++)
		out[2 + i] = hex_digits[cp >> (12 - 4 * i) & 15];
	sd_buf_append(b, out, sizeof(out));
}

void sd_buf_json_str(struct sd_buf *b, struct sd_slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, clean = 0; /* p[clean..i) needs no escape and is not yet copied */

	sd_buf_char(b, '"');
	while (i < s.n) {
		uint32_t cp;
		size_t len = utf8_read(p + i, s.n - i, &cp);

		if (SD_LIKELY(len > 0 && !must_escape(cp))) {
			i += len;
			continue;
		}
		sd_buf_append(b, p + clean, i - clean);
		if (len == 0)
			sd_buf_str(b, "\xef\xbf\xbd");
		else
			put_escaped(b, cp);
		i += len > 0 ? len : 1;
		clean = i;
	}
	if (i > clean)
		sd_buf_append(b, p + clean, i - clean);
	sd_buf_char(b, '"');
}

void sd_buf_consume(struct sd_buf *b, size_t n)
{
	sd_bug_if(n > b->len);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	sd_wipe(b->p + b->len - n, n);
	b->len -= n;
}
