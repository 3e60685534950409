/* SPDX-License-Identifier: MIT
 * ctl_table - a JSON object for people: a line for each value, a table for each list of objects. */
#ifndef SD_CTL_TABLE_H
#define SD_CTL_TABLE_H

#include "base.h"

struct json_object;

/* Control characters never reach the terminal. */
void ctl_table_print(FILE *out, struct json_object *o);

#endif
