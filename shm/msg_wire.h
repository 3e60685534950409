/* SPDX-License-Identifier: MIT
 * msg_wire - what the codecs of shm/ share: a cursor that writes or reads little-endian numbers
 * and short byte strings, and remembers that it ran out instead of running over. Private. */
#ifndef SD_MSG_WIRE_H
#define SD_MSG_WIRE_H

#include "slice.h"

struct wire_out {
	uint8_t *p;
	size_t n, size;
	bool failed;
};

struct wire_in {
	const uint8_t *p;
	size_t n;
	bool failed;
};

static inline void wire_put(struct wire_out *w, const void *p, size_t n)
{
	if (w->failed || n > w->size - w->n) {
		w->failed = true;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

static inline void wire_put_u16(struct wire_out *w, uint16_t v)
{
	wire_put(w, (const uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static inline void wire_put_u32(struct wire_out *w, uint32_t v)
{
	wire_put_u16(w, (uint16_t)v);
	wire_put_u16(w, (uint16_t)(v >> 16));
}

static inline void wire_put_u64(struct wire_out *w, uint64_t v)
{
	wire_put_u32(w, (uint32_t)v);
	wire_put_u32(w, (uint32_t)(v >> 32));
}

/* Length in 16 bits, then the bytes. */
static inline void wire_put_slice(struct wire_out *w, struct sd_slice s)
{
	if (s.n > UINT16_MAX) {
		w->failed = true;
		return;
	}
	wire_put_u16(w, (uint16_t)s.n);
	wire_put(w, s.p, s.n);
}

/* The next n bytes, or NULL (failed). */
static inline const uint8_t *wire_get(struct wire_in *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->failed || n > r->n) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return p;
}

static inline uint64_t wire_get_number(struct wire_in *r, size_t bytes)
{
	const uint8_t *p = wire_get(r, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint16_t wire_get_u16(struct wire_in *r)
{
	return (uint16_t)wire_get_number(r, 2);
}

static inline uint32_t wire_get_u32(struct wire_in *r)
{
	return (uint32_t)wire_get_number(r, 4);
}

static inline uint64_t wire_get_u64(struct wire_in *r)
{
	return wire_get_number(r, 8);
}

/* Points into the packet; empty when it ran out or is longer than max. */
static inline struct sd_slice wire_get_slice(struct wire_in *r, size_t max)
{
	size_t n = wire_get_u16(r);
	const uint8_t *p;

	if (n > max)
		r->failed = true;
	p = wire_get(r, n);
	return p ? sd_slice(p, n) : sd_slice("", 0);
}

#endif
