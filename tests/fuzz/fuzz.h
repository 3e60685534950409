/* SPDX-License-Identifier: MIT
 * fuzz - the frame of a fuzz target. A target defines fuzz_one() and nothing else:
 *
 *	#include "base.h"
 *	#include "fuzz.h"
 *	static void fuzz_one(const uint8_t *data, size_t size) { ... sd_bug_if(...); }
 *
 * Built with --enable-fuzzer it is driven by libFuzzer; otherwise it has a main() that replays
 * the files and folders named as arguments (tests/fuzz/replay does, in make check), and then, for
 * FUZZ_SECONDS, blind mutations of them; FUZZ_FOUND is the file that keeps the one that failed. */
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

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz_mutate.h"

#define FUZZ_MAX_SEEDS 1024

static unsigned long fuzz_runs;
static struct { uint8_t *p; size_t n; } fuzz_seed[FUZZ_MAX_SEEDS];
static size_t fuzz_seeds;
static struct { const uint8_t *p; size_t n; } fuzz_now;
static volatile sig_atomic_t fuzz_over;

static void fuzz_run(const uint8_t *p, size_t n)
{
	fuzz_now.p = p;
	fuzz_now.n = n;
	fuzz_one(p, n);
	fuzz_runs++;
}

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
		fuzz_run(exact, n);
	} else {
		fprintf(stderr, "%s: cannot read\n", path);
	}
	if (exact && fuzz_seeds < FUZZ_MAX_SEEDS && n > 0 && n <= FUZZ_MAX_MUTANT) {
		fuzz_seed[fuzz_seeds].p = exact;
		fuzz_seed[fuzz_seeds++].n = n;
	} else {
		free(exact);
	}
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

/* Plain writes: the process is dying. */
static void fuzz_keep(int number)
{
	const char *path = getenv("FUZZ_FOUND");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd >= 0 && write(fd, fuzz_now.p, fuzz_now.n) >= 0)
		(void)close(fd);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void fuzz_end(int number) { fuzz_over = number; }

static void fuzz_mutants(unsigned seconds)
{
	static uint8_t work[FUZZ_MAX_MUTANT];
	const struct itimerval timer = {.it_value = {.tv_sec = seconds}};

	(void)signal(SIGABRT, fuzz_keep);
	(void)signal(SIGALRM, fuzz_end);
	if (setitimer(ITIMER_REAL, &timer, NULL) != 0)
		return;
	while (!fuzz_over) {
		size_t i = fuzz_random((uint32_t)fuzz_seeds), n = fuzz_seed[i].n;
		uint8_t *exact;

		memcpy(work, fuzz_seed[i].p, n);
		for (uint32_t k = 1 + fuzz_random(8); k > 0; k--)
			n = fuzz_mutate(work, n);
		exact = malloc(n);
		if (!exact)
			return;
		memcpy(exact, work, n);
		fuzz_run(exact, n);
		free(exact);
	}
}

int main(int argc, char **argv)
{
	const char *text = getenv("FUZZ_SECONDS");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	for (int i = 1; i < argc; i++) {
		if (ftw(argv[i], fuzz_walk, 16) != 0) {
			fprintf(stderr, "%s: %s failed\n", argv[0], argv[i]);
			return 1;
		}
	}
	if (seconds > 0 && fuzz_seeds > 0)
		fuzz_mutants((unsigned)seconds);
	while (fuzz_seeds > 0)
		free(fuzz_seed[--fuzz_seeds].p);
	printf("%s: %lu inputs\n", argv[0], fuzz_runs);
	return 0;
}

#endif
#endif
