/* SPDX-License-Identifier: MIT
 * schema_doc - docs/CONFIGURATION.md out of the rows of policy.def. Build tree only. */
#ifndef SD_SCHEMA_DOC_H
#define SD_SCHEMA_DOC_H

#include "buf.h"

/* Initialises b and puts the whole document. */
void schema_doc_put(struct sd_buf *b);

#endif
