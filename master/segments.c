/* SPDX-License-Identifier: MIT
 * segments - makes the control segment, the revocation table and the policy snapshots.
 * Owns:      their descriptors and the master's mappings
 * Runs in:   master (before and after the sandbox)
 * Fails by:  returning SD_ERR_*, with nothing changed
 * Never:     hands out a policy that the readers' validator has not passed */
#include "base.h"
#include "segments.h"

#include <unistd.h>

#include "err.h"
#include "secret.h"
#include "shm_map.h"

int segments_open(struct segments *s, const struct server_conf *server, struct sd_diag *diag)
{
	struct shm_revoke_conf conf = {.entries = server->mem_revocations,
				       .max_entries = server->mem_revocations};
	void *p;
	int err = shm_create(SHM_KIND_CONTROL, 1, sizeof(struct shm_control), &s->control_fd, &p, diag);

	if (err != SD_OK)
		return err;
	s->control = p;
	s->policy.fd = -1;
	if (sd_random(&s->control->seed, sizeof(s->control->seed)) != SD_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "random bytes: %s", strerror(errno));
	conf.seed = s->control->seed;
	atomic_store(&s->control->store_offset_ms, INT64_MIN);
	if (shm_seal_shared(s->control_fd) != SD_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "control: seal: %s", strerror(errno));
	err = shm_revoke_w_new(&conf, s->control, &s->table, diag);
	return err != SD_OK ? err : policy_slots_new(&s->slots);
}

/* image is what policy_build made; the head of the segment stays ours but for the number. */
static int publish(const void *image, size_t size, uint64_t number, struct policy_segment *out,
		   struct sd_diag *diag)
{
	uint64_t created_ms;
	void *p;
	int err = shm_create(SHM_KIND_POLICY, number, size, &out->fd, &p, diag);

	if (err != SD_OK)
		return err;
	created_ms = ((struct shm_head *)p)->created_ms;
	memcpy(p, image, size);
	((struct shm_head *)p)->created_ms = created_ms;
	if (shm_seal_final(out->fd, &p, size) != SD_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "policy: seal: %s", strerror(errno));
	err = shm_map(out->fd, SHM_KIND_POLICY, sizeof(struct policy_image), &out->map, &out->size, diag);
	return err != SD_OK ? err : policy_view_open(out->map, out->size, &out->view, diag);
}

static bool is_same(const struct segments *s, const void *image, size_t size)
{
	return s->policy.map != NULL && size >= sizeof(struct policy_image) &&
	       memcmp(((const struct policy_image *)image)->digest, s->policy.view.image->digest,
		      sizeof(s->policy.view.image->digest)) == 0;
}

int segments_policy_make(struct segments *s, const struct segments_policy_in *in,
			 struct policy_segment *out, bool *same_out, struct sd_diag *diag)
{
	struct policy_build_in build = {
		.config = in->config,
		.slots = s->slots,
		.now_s = in->now_s,
		.generation = s->generation + 1,
		.node = in->node,
		.workers = in->workers,
		.jwks_of = in->jwks_of,
		.jwks_arg = in->jwks_arg,
	};
	void *image = NULL;
	size_t size = 0;
	int err;

	*same_out = false;
	*out = (struct policy_segment){.fd = -1, .next_change_s = INT64_MAX};
	err = policy_build(&build, &image, &size, &out->next_change_s, diag);
	if (err != SD_OK)
		return err;
	if (is_same(s, image, size)) {
		*same_out = true;
	} else {
		err = publish(image, size, build.generation, out, diag);
		if (err == SD_OK)
			s->generation = build.generation;
		else
			segments_policy_close(out);
	}
	free(image);
	return err;
}

void segments_policy_close(struct policy_segment *p)
{
	if (p->map != NULL)
		shm_unmap(&p->map, p->size);
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

void segments_table_counts(struct segments *s, struct shm_revoke_counts *out)
{
	uint64_t number = shm_revoke_w_number(s->table);

	memset(out, 0, sizeof(*out));
	if (s->table_view == NULL || s->table_view_number != number) {
		if (s->table_view != NULL)
			shm_unmap(&s->table_view, s->table_view_size);
		if (shm_map(shm_revoke_w_fd(s->table), SHM_KIND_REVOCATIONS,
			    sizeof(struct shm_revocations), &s->table_view, &s->table_view_size,
			    NULL) != SD_OK)
			return;
		s->table_view_number = number;
	}
	shm_revoke_counts(s->table_view, out);
	out->collapsed += shm_revoke_w_vague(s->table);
}
