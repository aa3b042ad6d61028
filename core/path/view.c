/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path/view.h"

static bool is_time_exceeded(const struct st_reply *reply)
{
	return reply->icmp_type ==
	       (reply->address.version == 4 ? ST_ICMP_TIME_EXCEEDED : ST_ICMPV6_TIME_EXCEEDED);
}

static bool is_first_of_router(const struct st_hop *hop, unsigned i)
{
	for (unsigned j = 0; j < i; j++) {
		const struct st_reply *before = &hop->replies[j];

		if (before->kind == ST_REPLY_ICMP_ERROR && !before->destination &&
		    st_addr_equal(&before->address, &hop->replies[i].address))
			return false;
	}
	return true;
}

static void see_router(struct path_hop *path, unsigned i)
{
	const struct st_reply *reply = &path->hop->replies[i];

	if (is_first_of_router(path->hop, i) && path->routers++ == 0)
		path->router = reply->address;
	if (path->errors++ == 0)
		path->reply_ttl = reply->reply_ttl;
	else if (path->reply_ttl != reply->reply_ttl)
		path->reply_ttl = 0;
	path->is_labelled = path->is_labelled || reply->mpls_count > 0;
}

/* Only what expired tells a TTL: a firewall's refusal quotes whatever was left. */
static uint16_t agreed_quoted_ttl(const struct st_hop *hop)
{
	uint16_t agreed = ST_QUOTED_TTL_UNKNOWN;

	for (unsigned i = 0; i < hop->reply_count; i++) {
		const struct st_reply *reply = &hop->replies[i];

		if (reply->kind != ST_REPLY_ICMP_ERROR || !is_time_exceeded(reply))
			continue;
		if (agreed != ST_QUOTED_TTL_UNKNOWN && agreed != reply->quoted_ttl)
			return ST_QUOTED_TTL_UNKNOWN;
		agreed = reply->quoted_ttl;
	}
	return agreed;
}

static struct path_hop view_hop(const struct st_hop *hop)
{
	struct path_hop path = {.hop = hop, .ttl = hop->ttl, .quoted_ttl = agreed_quoted_ttl(hop)};

	for (unsigned i = 0; i < hop->reply_count; i++) {
		const struct st_reply *reply = &hop->replies[i];

		path.answered += i == 0 || reply->probe != hop->replies[i - 1].probe;
		if (reply->destination || reply->kind != ST_REPLY_ICMP_ERROR)
			path.is_destination = true;
		else
			see_router(&path, i);
	}
	return path;
}

void path_view_fill(struct path_view *view, struct st_trace *trace)
{
	view->trace = trace;
	view->count = 0;
	for (size_t i = 0; i < trace->hop_count && view->count < UINT8_MAX; i++) {
		if (trace->hops[i].ttl != 0)
			view->hops[view->count++] = view_hop(&trace->hops[i]);
	}
}

bool path_is_same_router(const struct path_hop *a, const struct path_hop *b)
{
	return a->routers == 1 && b->routers == 1 && st_addr_equal(&a->router, &b->router);
}

bool path_is_answered_behind(const struct path_view *view, unsigned i)
{
	while (++i < view->count) {
		if (view->hops[i].answered)
			return true;
	}
	return false;
}

void path_ttls_add(struct path_ttls *ttls, uint8_t ttl)
{
	if (ttls->count < UINT8_MAX)
		ttls->ttls[ttls->count++] = ttl;
}

/* The index of the last of the run without a gap that begins at `i`; two are no run yet. */
static unsigned run_end(const struct path_ttls *ttls, unsigned i)
{
	unsigned end = i;

	while (end + 1 < ttls->count && ttls->ttls[end + 1] == ttls->ttls[end] + 1)
		end++;
	return end - i < 2 ? i : end;
}

char *path_ttls_text(const struct path_ttls *ttls)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < ttls->count;) {
		unsigned end = run_end(ttls, i);

		if (i > 0)
			g_string_append(text, end + 1 == ttls->count ? " and " : ", ");
		g_string_append_printf(text, "%u", ttls->ttls[i]);
		if (end > i)
			g_string_append_printf(text, "-%u", ttls->ttls[end]);
		i = end + 1;
	}
	return g_string_free(text, FALSE);
}

char *path_hops_text(const struct path_ttls *ttls)
{
	char *list = path_ttls_text(ttls);
	char *text = g_strdup_printf("%s %s", ttls->count == 1 ? "hop" : "hops", list);

	g_free(list);
	return text;
}
