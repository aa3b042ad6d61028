/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path/path.h"

#include "path/change.h"

void path_examine(struct st_trace *trace, struct path_memory *memory, bool is_over)
{
	struct path_view *view = g_new(struct path_view, 1);

	path_view_fill(view, trace);
	path_examine_quotes(view);
	path_examine_tunnels(view);
	path_examine_routers(view);
	path_examine_silence(view);
	path_examine_way_back(view);
	path_examine_change(view, memory, is_over);
	path_examine_latency(view);
	g_free(view);
}
