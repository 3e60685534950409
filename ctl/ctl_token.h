/* SPDX-License-Identifier: MIT
 * ctl_token - `sessionctl token verify`: the worker's verification, on tokens from a pipe. */
#ifndef SD_CTL_TOKEN_H
#define SD_CTL_TOKEN_H

#include "base.h"

/* argv holds what stands behind "token verify": (--jwk FILE | --jwks FILE) [--algorithms LIST]
 * [--raw]. One token per line of in, one line of out for each: "ok" or "bad: REASON". With --jwk
 * that key is used whatever kid a token names; with --jwks the key is chosen by kid, or is the
 * only one. Returns the exit code: 0 done, 1 failed to run (reason on standard error), 2 usage. */
int ctl_token_verify(int argc, char **argv, FILE *in, FILE *out) SD_MUSTCHECK;

#endif
