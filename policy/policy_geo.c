/* SPDX-License-Identifier: MIT
 * policy_geo - the operator's file of countries, read whole.
 * Owns:      what is asked of the file before a parser sees it
 * Runs in:   master, tools
 * Fails by:  a fault that names the file; SD_ERR_*
 * Never:     parse it: a process of its own does, locked in
 */
#include "base.h"
#include "policy_geo.h"

#include "err.h"
#include "policy_file.h"
#include "policy_schema.h"

/* MMDB 2.0: this stands before the description of the file, within its last 128 KiB. */
static const char mark[] = "\xab\xcd\xefMaxMind.com";
#define MARK_LEN (sizeof(mark) - 1)
#define TAIL_MAX (128u << 10)

static bool has_mark(struct sd_slice bytes)
{
	size_t n = SD_MIN(bytes.n, (size_t)TAIL_MAX);

	return n > MARK_LEN && memmem(bytes.p + bytes.n - n, n, mark, MARK_LEN) != NULL;
}

int policy_geo_read(const char *path, struct sd_buf *out, struct policy_faults *faults)
{
	struct policy_faults nobodys = {0};
	struct policy_faults *to = faults != NULL ? faults : &nobodys;
	struct conf_findings found = {0};
	int err = policy_file_read(path, POLICY_GEO_MAX, FILE_OWNER_STRICT, out, to);

	if (err == SD_OK && !has_mark(sd_buf_slice(out))) {
		policy_fault(to, (struct policy_where){path, {0, 0}, ""}, "is no file of countries (MMDB), or not all of it");
		err = SD_ERR_INVALID;
	}
	if (faults == NULL) {
		policy_faults_finish(&nobodys, &found);
		conf_findings_free(&found);
	}
	return err;
}

void policy_geo_check(const struct server_conf *server, struct policy_faults *faults)
{
	struct sd_buf bytes;

	if (server->geo_file[0] == '\0')
		return;
#ifndef HAVE_MAXMINDDB
	policy_fault(faults, policy_schema_where(SCOPE_SERVER, server->file, server->pos, "geo.database_file"),
		     "sessiond was built without libmaxminddb");
#else
	if (policy_geo_read(server->geo_file, &bytes, faults) != SD_OK)
		policy_fault(faults, policy_schema_where(SCOPE_SERVER, server->file, server->pos, "geo.database_file"),
			     "names a file that cannot be used");
	sd_buf_fini(&bytes);
#endif
}
