/* SPDX-License-Identifier: MIT
 * policy_layout - the growing bytes of an image: strings and lists put behind its head, each list
 * aligned, all gaps zero. Errors are kept and told at the end. Inside policy/ (policy_build). */
#ifndef SD_POLICY_LAYOUT_H
#define SD_POLICY_LAYOUT_H

#include "buf.h"
#include "policy_tenant_conf.h"

struct policy_layout {
	const struct policy_build_in *in;
	struct policy_image head;
	struct sd_buf b;                  /* the image; its head is filled in at the end */
	struct sd_buf hosts, credentials, callers; /* gathered from all tenants, sorted at the end */
	int64_t next_change_s;
};

void policy_layout_init(struct policy_layout *l, const struct policy_build_in *in);
void policy_layout_fini(struct policy_layout *l);

struct pi_str policy_layout_str(struct policy_layout *l, struct sd_slice s);
struct pi_list policy_layout_list(struct policy_layout *l, const void *v, uint32_t n, size_t each);
struct pi_list policy_layout_strings(struct policy_layout *l, const struct conf_strings *s);
struct pi_list policy_layout_counts(struct policy_layout *l, const struct conf_counts *c);
struct pi_list policy_layout_levels(struct policy_layout *l, const struct conf_levels *c);
/* What the scripts are told of them: policy_image.h. */
struct pi_str policy_layout_levels_text(struct policy_layout *l, const struct conf_levels *c);

/* Server settings, the sorted lists, the head (generation, time and digest zero). */
int policy_layout_finish(struct policy_layout *l) SD_MUSTCHECK;

#endif
