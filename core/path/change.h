/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares a trace's routers with those of the flow's trace before. */
#ifndef ST_PATH_CHANGE_H
#define ST_PATH_CHANGE_H

#include "path/path.h"
#include "path/view.h"

void path_examine_change(const struct path_view *view, struct path_memory *memory, bool is_over);

#endif
