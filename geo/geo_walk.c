/* SPDX-License-Identifier: MIT
 * geo_walk - a file of countries (MMDB) as rows of the table of countries.
 * Owns:      the use of libmaxminddb
 * Runs in:   geo (within its sandbox)
 * Fails by:  SD_ERR_INVALID with the reason, SD_ERR_MEMORY
 * Never:     walk a tree that is none for ever: what is visited is bounded by what the file says it has */
#include "base.h"
#include "geo_walk.h"

#include <maxminddb.h>

#include "err.h"

#define DEPTH_MAX 128
#define BEAT_EVERY 16384u
#define CACHE_PLACES 4096u /* a file has some 250 countries */

struct walk {
	MMDB_s db;
	struct geo_rows *rows;
	struct sd_diag *diag;
	void (*beat)(void *arg);
	void *arg;
	uint64_t visits, most;
	uint32_t v4_root; /* where addresses of 32 bits begin; node_count: they have no nodes */
	bool four;        /* these are walked now */
	struct {
		uint32_t offset; /* + 1; 0 = free */
		uint16_t country;
	} cache[CACHE_PLACES];
};

static int bad(struct walk *w, const char *why)
{
	return sd_diag_set(w->diag, SD_ERR_INVALID, "%s", why);
}

/* --- rows ------------------------------------------------------------------------- */

static int grow(void **rows, size_t *room, size_t each, size_t most)
{
	size_t more = SD_MIN(*room ? *room * 2 : 4096, most);
	void *p = more > *room ? realloc(*rows, more * each) : NULL;

	if (p == NULL)
		return more > *room ? SD_ERR_MEMORY : SD_ERR_TOO_BIG;
	*rows = p;
	*room = more;
	return SD_OK;
}

static int full(struct walk *w, int err)
{
	return sd_diag_set(w->diag, err, err == SD_ERR_TOO_BIG ? "it has more ranges than the table has room for"
							       : "out of memory");
}

static int put_v4(struct walk *w, uint32_t first, uint16_t country)
{
	struct geo_rows *r = w->rows;
	void *p = r->v4;
	int err = SD_OK;

	if (r->v4_count > 0 && r->v4[r->v4_count - 1].country == country)
		return SD_OK;
	if (r->v4_count == r->v4_room)
		err = grow(&p, &r->v4_room, sizeof(*r->v4), GEO_V4_MAX);
	r->v4 = p;
	if (err != SD_OK)
		return full(w, err);
	r->v4[r->v4_count++] = (struct geo_v4){.first = first, .country = country};
	return SD_OK;
}

static int put_v6(struct walk *w, const uint64_t at[2], uint16_t country)
{
	struct geo_rows *r = w->rows;
	void *p = r->v6;
	int err = SD_OK;

	if (r->v6_count > 0 && r->v6[r->v6_count - 1].country == country)
		return SD_OK;
	if (r->v6_count == r->v6_room)
		err = grow(&p, &r->v6_room, sizeof(*r->v6), GEO_V6_MAX);
	r->v6 = p;
	if (err != SD_OK)
		return full(w, err);
	r->v6[r->v6_count++] = (struct geo_v6){.first_high = at[0], .first_low = at[1], .country = country};
	return SD_OK;
}

/* at: the first address of the range, as 128 bits; of four the highest 32 of them. */
static int put(struct walk *w, const uint64_t at[2], uint16_t country)
{
	return w->four ? put_v4(w, (uint32_t)(at[0] >> 32), country) : put_v6(w, at, country);
}

/* --- countries --------------------------------------------------------------------- */

static int read_country(struct walk *w, MMDB_entry_s *entry, uint16_t *out)
{
	static const char *const path[] = {"country", "iso_code", NULL};
	MMDB_entry_data_s data;
	int e = MMDB_aget_value(entry, &data, path);

	*out = 0;
	if (e == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR || e == MMDB_INVALID_LOOKUP_PATH_ERROR)
		return SD_OK;
	if (e != MMDB_SUCCESS)
		return sd_diag_set(w->diag, SD_ERR_INVALID, "its data is damaged: %s", MMDB_strerror(e));
	if (data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2)
		*out = (uint16_t)((uint8_t)data.utf8_string[0] << 8 | (uint8_t)data.utf8_string[1]);
	return SD_OK;
}

static int country_of(struct walk *w, MMDB_entry_s *entry, uint16_t *out)
{
	uint32_t at = (entry->offset * 2654435761u) % CACHE_PLACES;

	if (w->cache[at].offset == entry->offset + 1) {
		*out = w->cache[at].country;
		return SD_OK;
	}
	int err = read_country(w, entry, out);

	w->cache[at].offset = entry->offset + 1;
	w->cache[at].country = *out;
	return err;
}

/* --- the tree ---------------------------------------------------------------------- */

static int node(struct walk *w, uint32_t number, unsigned depth, uint64_t at[2]);

static int side(struct walk *w, uint8_t type, uint64_t record, MMDB_entry_s *entry, unsigned depth,
		uint64_t at[2])
{
	uint16_t country = 0;
	int err = SD_OK;

	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		/* Ranges that stand for addresses of 32 bits (mapped, 6to4) are those once more. */
		if (w->four || record != w->v4_root)
			return node(w, (uint32_t)record, depth, at);
		break;
	case MMDB_RECORD_TYPE_DATA:
		err = country_of(w, entry, &country);
		break;
	case MMDB_RECORD_TYPE_EMPTY:
		break;
	default:
		return bad(w, "its tree is damaged");
	}
	return err == SD_OK ? put(w, at, country) : err;
}

static int node(struct walk *w, uint32_t number, unsigned depth, uint64_t at[2])
{
	MMDB_search_node_s n;
	unsigned bit = depth % 64;
	int err;

	if (depth >= (w->four ? 32 : DEPTH_MAX))
		return bad(w, "its tree is deeper than an address is long");
	if (++w->visits > w->most)
		return bad(w, "its tree is no tree");
	if (w->visits % BEAT_EVERY == 0 && w->beat != NULL)
		w->beat(w->arg);
	if (MMDB_read_node(&w->db, number, &n) != MMDB_SUCCESS)
		return bad(w, "its tree is damaged");
	err = side(w, n.left_record_type, n.left_record, &n.left_record_entry, depth + 1, at);
	if (err != SD_OK)
		return err;
	at[depth / 64] |= UINT64_C(1) << (63 - bit);
	err = side(w, n.right_record_type, n.right_record, &n.right_record_entry, depth + 1, at);
	at[depth / 64] &= ~(UINT64_C(1) << (63 - bit));
	return err;
}

/* Addresses of 32 bits: the whole tree, or what lies below 96 zeros. */
static int walk_four(struct walk *w)
{
	uint64_t at[2] = {0, 0};

	w->four = true;
	if (w->db.metadata.ip_version == 4)
		return node(w, 0, 0, at);
	w->v4_root = w->db.ipv4_start_node.node_value;
	if (w->v4_root < w->db.metadata.node_count)
		return node(w, w->v4_root, 0, at);
	w->v4_root = UINT32_MAX;
	return SD_OK;
}

static int walk_six(struct walk *w)
{
	uint64_t at[2] = {0, 0};

	w->four = false;
	return w->db.metadata.ip_version == 6 ? node(w, 0, 0, at) : SD_OK;
}

static void note_source(struct walk *w)
{
	const char *name = w->db.metadata.database_type;

	w->rows->built_s = (int64_t)SD_MIN(w->db.metadata.build_epoch, (uint64_t)1 << 40);
	for (size_t i = 0; name != NULL && name[i] != '\0' && i + 1 < sizeof(w->rows->source); i++)
		w->rows->source[i] = name[i] > 0x20 && name[i] < 0x7f ? name[i] : '_';
}

int geo_walk(const char *path, void (*beat)(void *arg), void *arg, struct geo_rows *out, struct sd_diag *diag)
{
	struct walk *w = calloc(1, sizeof(*w));
	int e, err;

	memset(out, 0, sizeof(*out));
	if (w == NULL)
		return SD_ERR_MEMORY;
	w->rows = out;
	w->diag = diag;
	w->beat = beat;
	w->arg = arg;
	e = MMDB_open(path, MMDB_MODE_MMAP, &w->db);
	if (e != MMDB_SUCCESS) {
		free(w);
		return sd_diag_set(diag, SD_ERR_INVALID, "it is no MMDB file, or a damaged one: %s", MMDB_strerror(e));
	}
	w->most = 2 * (uint64_t)w->db.metadata.node_count + DEPTH_MAX;
	note_source(w);
	err = walk_four(w);
	if (err == SD_OK)
		err = walk_six(w);
	MMDB_close(&w->db);
	free(w);
	if (err != SD_OK)
		geo_rows_free(out);
	return err;
}

void geo_rows_free(struct geo_rows *rows)
{
	free(rows->v4);
	free(rows->v6);
	memset(rows, 0, sizeof(*rows));
}
