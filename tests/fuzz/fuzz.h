/* SPDX-License-Identifier: MIT
 * fuzz - the frame of a fuzz target. A target defines fuzz_one() and nothing else:
 *
 *	#include "base.h"
 *	#include "fuzz.h"
 *	static void fuzz_one(const uint8_t *data, size_t size) { ... sd_bug_if(...); }
 *
 * Built with --enable-fuzzer it is driven by libFuzzer; otherwise it has a main() that replays
 * the files and folders named as arguments (tests/fuzz/replay does, in make check). */
#ifndef SD_FUZZ_H
#define SD_FUZZ_H

#include "base.h"

#define FUZZ_MAX_INPUT (4u << 20)

static void fuzz_one(const uint8_t *data, size_t size);

#ifdef SD_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_one(data, size);
	return 0;
}

#else

#include <ftw.h>

static unsigned fuzz_runs;

/* An exact-size copy, so that a sanitizer sees a read past the end. */
static int fuzz_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(FUZZ_MAX_INPUT), *exact = NULL;
	size_t n = 0;

	if (f && all) {
		n = fread(all, 1, FUZZ_MAX_INPUT, f);
		exact = malloc(n ? n : 1);
	}
	if (exact) {
		memcpy(exact, all, n);
		fuzz_one(exact, n);
		fuzz_runs++;
	} else {
		fprintf(stderr, "%s: cannot read\n", path);
	}
	free(exact);
	free(all);
	if (f)
		fclose(f);
	return exact ? 0 : -1;
}

static int fuzz_walk(const char *path, const struct stat *st, int type)
{
	(void)st;
	return type == FTW_F ? fuzz_file(path) : 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (ftw(argv[i], fuzz_walk, 16) != 0) {
			fprintf(stderr, "%s: %s failed\n", argv[0], argv[i]);
			return 1;
		}
	}
	printf("%s: %u inputs\n", argv[0], fuzz_runs);
	return 0;
}

#endif
#endif
