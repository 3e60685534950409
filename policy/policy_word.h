/* SPDX-License-Identifier: MIT
 * policy_word - what a text may be, by its type in the schema. Pure. Inside policy/. */
#ifndef SD_POLICY_WORD_H
#define SD_POLICY_WORD_H

#include "policy_schema.h"

/* NULL when t is a good value of this type (or of an item of this list type), else what it should be. */
const char *policy_word_fault(enum policy_type type, struct sd_slice t);

#endif
