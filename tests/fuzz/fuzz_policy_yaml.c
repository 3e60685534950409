/* SPDX-License-Identifier: MIT
 * Any bytes as a tenant file and as sessiond.yaml: a typed draft or faults, in bounded work. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "err.h"
#include "policy_check.h"
#include "policy_schema.h"
#include "policy_tenant_conf.h"

static void read_as(const struct yaml_node *root, enum policy_scope scope, void *base,
		    struct policy_pos *pos, struct policy_faults *faults)
{
	struct sd_arena arena;
	struct policy_draft d = {"fuzz.yaml", "", &arena, faults};

	sd_arena_init(&arena, 64u << 20);
	policy_schema_read(&d, scope, root, base, pos);
	if (scope == SCOPE_SERVER)
		policy_check_server(base, faults);
	sd_arena_fini(&arena);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct server_conf *server = calloc(1, sizeof(*server));
	struct tenant_conf *tenant = calloc(1, sizeof(*tenant));
	struct policy_faults faults = {0};
	struct conf_findings findings;
	struct yaml_tree tree;

	sd_bug_if(server == NULL || tenant == NULL);
	int err = yaml_tree_parse(sd_slice(data, size), "fuzz.yaml", &tree, &faults);

	sd_bug_if((err == SD_OK) != (faults.count == 0));
	sd_bug_if(tree.nodes > YAML_TREE_MAX_NODES + 1);
	if (tree.root) {
		read_as(tree.root, SCOPE_TENANT, tenant, tenant->pos, &faults);
		read_as(tree.root, SCOPE_SERVER, server, server->pos, &faults);
	}
	yaml_tree_fini(&tree);
	policy_faults_finish(&faults, &findings);
	sd_bug_if(findings.stored > CONF_MAX_FINDINGS);
	conf_findings_free(&findings);
	free(server);
	free(tenant);
}
