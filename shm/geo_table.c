/* SPDX-License-Identifier: MIT
 * geo_table - the table of countries, as its readers see it.
 * Owns:      the bounds of a table
 * Runs in:   master | worker (after the sandbox)
 * Fails by:  SD_ERR_INVALID, SD_ERR_VERSION, SD_ERR_SYSTEM; "" for what it does not know
 * Never:     believe that rows are in order, or that letters are: a wrong table gives wrong countries,
 *            and nothing else */
#include "base.h"
#include "geo_table.h"

#include <arpa/inet.h>
#include <fcntl.h>

#include "err.h"
#include "shm_map.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int geo_table_map(int fd, struct geo_view *out, struct sd_diag *diag)
{
	const void *p = NULL;
	size_t size = 0;
	int err = shm_map(fd, SHM_KIND_GEO, sizeof(struct geo_table), &p, &size, diag);
	const struct geo_table *t = p;

	memset(out, 0, sizeof(*out));
	if (err != SD_OK)
		return err;
	if (t->v4_count > GEO_V4_MAX || t->v6_count > GEO_V6_MAX ||
	    geo_table_size(t->v4_count, t->v6_count) != size ||
	    memchr(t->source, '\0', sizeof(t->source)) == NULL) {
		shm_unmap(&p, size);
		return sd_diag_set(diag, SD_ERR_INVALID, "the table of countries breaks its own bounds");
	}
	out->table = t;
	out->size = size;
	out->v6 = (const struct geo_v6 *)(const void *)(t + 1);
	out->v4 = (const struct geo_v4 *)(const void *)(out->v6 + t->v6_count);
	return SD_OK;
}

int geo_table_open(int fd, struct geo_view *out, struct sd_diag *diag)
{
	int seals = fcntl(fd, F_GET_SEALS);

	memset(out, 0, sizeof(*out));
	if (seals < 0 || (seals & SEALS) != SEALS)
		return sd_diag_set(diag, SD_ERR_INVALID, "the table of countries is not sealed");
	return geo_table_map(fd, out, diag);
}

void geo_table_close(struct geo_view *view)
{
	const void *p = view->table;

	if (p != NULL)
		shm_unmap(&p, view->size);
	memset(view, 0, sizeof(*view));
}

static bool is_after_v4(const struct geo_v4 *row, uint32_t address)
{
	return row->first > address;
}

static bool is_after_v6(const struct geo_v6 *row, uint64_t high, uint64_t low)
{
	return row->first_high > high || (row->first_high == high && row->first_low > low);
}

/* The last row that does not begin after the address. */
static uint16_t find_v4(const struct geo_view *v, uint32_t address)
{
	uint64_t from = 0, to = v->table->v4_count;

	while (from < to) {
		uint64_t at = from + (to - from) / 2;

		if (is_after_v4(&v->v4[at], address))
			to = at;
		else
			from = at + 1;
	}
	return from > 0 ? v->v4[from - 1].country : 0;
}

static uint16_t find_v6(const struct geo_view *v, uint64_t high, uint64_t low)
{
	uint64_t from = 0, to = v->table->v6_count;

	while (from < to) {
		uint64_t at = from + (to - from) / 2;

		if (is_after_v6(&v->v6[at], high, low))
			to = at;
		else
			from = at + 1;
	}
	return from > 0 ? v->v6[from - 1].country : 0;
}

static uint64_t big_endian(const uint8_t *b, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

static uint16_t find(const struct geo_view *v, const uint8_t a[16], bool six)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (!six)
		return find_v4(v, (uint32_t)big_endian(a, 4));
	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return find_v4(v, (uint32_t)big_endian(a + 12, 4));
	return find_v6(v, big_endian(a, 8), big_endian(a + 8, 8));
}

static bool is_letter(uint16_t c)
{
	return c >= 'A' && c <= 'Z';
}

bool geo_table_find(const struct geo_view *view, struct sd_slice address, char out[3])
{
	char text[INET6_ADDRSTRLEN + 1];
	uint8_t bytes[16];

	out[0] = '\0';
	if (view->table == NULL || address.n == 0 || sd_slice_copy(address, text, sizeof(text)) != SD_OK)
		return false;
	bool six = memchr(text, ':', address.n) != NULL;

	if (inet_pton(six ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	uint16_t country = find(view, bytes, six), first = country >> 8, second = country & 0xff;

	if (is_letter(first) && is_letter(second)) {
		out[0] = (char)first;
		out[1] = (char)second;
		out[2] = '\0';
	}
	return true;
}
