/* SPDX-License-Identifier: MIT
 * node_row - a node's lease in the registry, and an ask for acknowledgement, as text.
 * Owns:      their grammar
 * Runs in:   master | worker, on bytes of the network
 * Fails by:  returning SD_ERR_INVALID
 * Never:     call a node gone whose trust may still last
 */
#include "base.h"
#include "node_row.h"

#include <inttypes.h>

#include "die.h"
#include "err.h"
#include "store_key.h"

#define FORMAT "1"
#define MAX_TIME (INT64_C(1) << 52)

void node_row_id(struct sd_siphash_key seed, char out[NODE_ID_LEN + 1])
{
	uint64_t id = sd_siphash(seed, "node", 4);

	snprintf(out, NODE_ID_LEN + 1, "%016" PRIx64, id);
}

/* The name comes last: it may hold spaces. */
void node_row_format(const struct node_row *row, char out[NODE_ROW_MAX])
{
	int n = snprintf(out, NODE_ROW_MAX, FORMAT " %s %" PRId64 " %" PRId64 " %" PRId64 " %s %s",
			 row->id, row->lease_ms, row->staleness_ms, row->proven_ms, row->version,
			 row->name);

	sd_bug_if(n < 0 || n >= NODE_ROW_MAX);
}

static struct sd_slice word(struct sd_slice *rest)
{
	const char *end = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	struct sd_slice out = sd_slice(rest->p, end ? (size_t)(end - rest->p) : rest->n);

	*rest = end ? sd_slice(end + 1, rest->n - out.n - 1) : sd_slice("", 0);
	return out;
}

static bool is_hex(struct sd_slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!((text.p[i] >= '0' && text.p[i] <= '9') ||
		      (text.p[i] >= 'a' && text.p[i] <= 'f')))
			return false;
	return text.n > 0;
}

static bool time_of(struct sd_slice text, int64_t *out)
{
	uint64_t v;

	if (sd_slice_u64(text, &v) != SD_OK || v > (uint64_t)MAX_TIME)
		return false;
	*out = (int64_t)v;
	return true;
}

int node_row_parse(struct sd_slice text, struct node_row *out)
{
	struct node_row row;
	struct sd_slice rest = text, id, version;

	memset(out, 0, sizeof(*out));
	memset(&row, 0, sizeof(row));
	if (!text.p || sd_slice_has_control(text) || !sd_slice_is(word(&rest), FORMAT))
		return SD_ERR_INVALID;
	id = word(&rest);
	if (id.n != NODE_ID_LEN || !is_hex(id) || !time_of(word(&rest), &row.lease_ms) ||
	    !time_of(word(&rest), &row.staleness_ms) || !time_of(word(&rest), &row.proven_ms))
		return SD_ERR_INVALID;
	version = word(&rest);
	if (version.n == 0 || rest.n == 0 || sd_slice_copy(id, row.id, sizeof(row.id)) != SD_OK ||
	    sd_slice_copy(version, row.version, sizeof(row.version)) != SD_OK ||
	    sd_slice_copy(rest, row.name, sizeof(row.name)) != SD_OK)
		return SD_ERR_INVALID;
	*out = row;
	return SD_OK;
}

bool node_row_is_live(const struct node_row *row, int64_t store_now_ms)
{
	return store_now_ms <= row->lease_ms + row->staleness_ms;
}

void node_ask_format(uint8_t partition, struct sd_slice pos, const char *nonce,
		     char out[NODE_ASK_MAX])
{
	int n = snprintf(out, NODE_ASK_MAX, "%02x:" SD_SLICE_FMT ":%s", partition,
			 SD_SLICE_ARG(pos), nonce);

	sd_bug_if(n < 0 || n >= NODE_ASK_MAX);
}

int node_ask_parse(struct sd_slice text, uint8_t *partition_out, struct sd_slice *pos_out,
		   struct sd_slice *nonce_out)
{
	const char *colon;

	*partition_out = 0;
	*pos_out = *nonce_out = sd_slice("", 0);
	if (text.n < 4 || text.n >= NODE_ASK_MAX || text.p[2] != ':' ||
	    store_key_partition_parse(sd_slice(text.p, 2), partition_out) != SD_OK)
		return SD_ERR_INVALID;
	colon = memchr(text.p + 3, ':', text.n - 3);
	if (!colon)
		return SD_ERR_INVALID;
	*pos_out = sd_slice(text.p + 3, (size_t)(colon - text.p) - 3);
	*nonce_out = sd_slice(colon + 1, text.n - 4 - pos_out->n);
	if (!is_hex(*nonce_out) || nonce_out->n > NODE_NONCE_MAX)
		return SD_ERR_INVALID;
	return SD_OK;
}
