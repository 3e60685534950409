/* SPDX-License-Identifier: MIT
 * ctl_segments - fetches the running node's shared segments, read-only, for `sessionctl memory`.
 * Owns:      the descriptors until the command is done
 * Runs in:   sessionctl
 * Fails by:  an exit code with a line on standard error
 * Never:     map one: ctl_memory does, and only for reading */
#include "base.h"
#include "ctl_segments.h"

#include <unistd.h>

#include "ctl_client_socket.h"
#include "ctl_memory.h"

#define SEGMENTS_MAX 128 /* control, table, policy, and a page of statistics for each process */
#define NAME_MAX_BYTES 64
#define WORDS_MAX 16

struct fetched {
	size_t count;
	struct ctl_memory_segment segment[SEGMENTS_MAX];
	char name[SEGMENTS_MAX][NAME_MAX_BYTES];
};

static int take(uint32_t kind, struct sd_slice text, int fd, void *arg)
{
	struct fetched *f = arg;

	if (fd < 0 || f->count == SEGMENTS_MAX) {
		if (fd >= 0)
			(void)close(fd);
		fprintf(stderr, "sessionctl: a segment came without a descriptor, or too many came\n");
		return CTL_FAILED;
	}
	(void)snprintf(f->name[f->count], NAME_MAX_BYTES, "%.*s", SD_SLICE_ARG(text));
	f->segment[f->count] = (struct ctl_memory_segment){
	    .kind = (enum shm_kind)kind,
	    .fd = fd,
	    .name = f->name[f->count],
	};
	f->count++;
	return CTL_DONE;
}

/* --json was taken from the words by the main; this command reads it there. */
static int run(const struct ctl *ctl, const struct fetched *f, int argc, char **argv)
{
	struct ctl_memory_source src = {.segment = f->segment, .count = f->count};
	char json[] = "--json";
	char *words[WORDS_MAX + 2];
	int n = 0;

	while (n < argc && n < WORDS_MAX) {
		words[n] = argv[n];
		n++;
	}
	if (ctl->json)
		words[n++] = json;
	words[n] = NULL;
	return ctl_memory(&src, n, words);
}

int ctl_segments(const struct ctl *ctl, int argc, char **argv)
{
	static struct fetched f; /* too big for a stack */
	int code;

	if (argc != 1 || (strcmp(argv[0], "dump") != 0 && strcmp(argv[0], "verify") != 0)) {
		fprintf(stderr, "usage: sessionctl memory dump|verify\n");
		return CTL_USAGE;
	}
	f.count = 0;
	code = ctl_client_socket_ask(ctl, CTL_MEMORY, take, &f);
	if (code == CTL_DONE)
		code = run(ctl, &f, argc, argv);
	for (size_t i = 0; i < f.count; i++)
		(void)close(f.segment[i].fd);
	return code;
}
