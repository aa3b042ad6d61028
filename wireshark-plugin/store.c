/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <glib.h>

/* What a frame is, in 8 bytes: there can be millions of frames. Indexes count from 1. */
struct frame_entry {
	uint32_t flow; /* into flows */
	uint32_t mark; /* into marks: the frame's first */
};

/* A hop as far as it was seen. */
struct store_hop {
	unsigned sent; /* the highest number of a probe, seen or answered */
	unsigned reply_count;
	struct mark *first, *last; /* replies, by next_of_hop */
};

struct store {
	struct st_tracer *tracer;
	uint64_t wait_ns;
	uint64_t newest_ns; /* the largest stamp */
	bool is_reviewed;   /* since the latest frame */
	uint64_t latest;    /* the number of the latest frame */
	GArray *rejected;   /* cookies of frames that are not in the file after all, rising */
	GArray *frames;	    /* struct frame_entry, by number */
	GPtrArray *marks;   /* struct mark; [0] is none */
	GPtrArray *flows;   /* struct store_flow, by id; NULL where nothing is known */
	GPtrArray *traces;  /* struct store_trace, by number; [0] is none */
	GArray *replies;    /* store_hop()'s answer */
	GStringChunk *names;
};

static void mark_free(void *data)
{
	struct mark *mark = data;

	if (mark && mark->kind == MARK_REPLY)
		g_free(mark->reply);
	g_free(mark);
}

static void trace_free(void *data)
{
	struct store_trace *trace = data;

	if (!trace)
		return;
	for (unsigned ttl = 0; ttl <= UINT8_MAX; ttl++)
		g_free(trace->hops[ttl]);
	st_trace_free(trace->result);
	g_free(trace);
}

struct store *store_new(const struct st_config *config)
{
	struct st_tracer *tracer;
	struct store *store;

	if (st_tracer_new(config, &tracer) != ST_OK)
		return NULL;
	store = g_new0(struct store, 1);
	store->tracer = tracer;
	store->wait_ns = config->wait_ns;
	store->rejected = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	store->frames = g_array_new(FALSE, TRUE, sizeof(struct frame_entry));
	store->marks = g_ptr_array_new_with_free_func(mark_free);
	g_ptr_array_add(store->marks, NULL);
	store->flows = g_ptr_array_new_with_free_func(g_free);
	store->traces = g_ptr_array_new_with_free_func(trace_free);
	g_ptr_array_add(store->traces, NULL);
	store->replies = g_array_new(FALSE, FALSE, sizeof(struct st_reply));
	store->names = g_string_chunk_new(1024);
	return store;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	st_tracer_free(store->tracer);
	g_array_unref(store->rejected);
	g_array_unref(store->frames);
	g_ptr_array_unref(store->marks);
	g_ptr_array_unref(store->flows);
	g_ptr_array_unref(store->traces);
	g_array_unref(store->replies);
	g_string_chunk_free(store->names);
	g_free(store);
}

/* The entry of a frame, for which there is room from now on. */
static struct frame_entry *entry_of(struct store *store, uint64_t number)
{
	if (number >= store->frames->len)
		g_array_set_size(store->frames, (guint)number + 1);
	return &g_array_index(store->frames, struct frame_entry, number);
}

static struct store_flow *flow_of(struct store *store, uint64_t id)
{
	struct store_flow *flow;

	if (id >= store->flows->len)
		g_ptr_array_set_size(store->flows, (gint)id + 1);
	flow = store->flows->pdata[id];
	if (!flow) {
		flow = g_new0(struct store_flow, 1);
		flow->id = id;
		store->flows->pdata[id] = flow;
	}
	return flow;
}

static struct store_trace *trace_of(struct store *store, const struct st_event *event)
{
	struct store_trace *trace;

	if (event->trace >= store->traces->len)
		g_ptr_array_set_size(store->traces, (gint)event->trace + 1);
	trace = store->traces->pdata[event->trace];
	if (!trace) {
		trace = g_new0(struct store_trace, 1);
		trace->number = event->trace;
		trace->flow = flow_of(store, event->flow_id);
		if (!trace->flow->first_trace)
			trace->flow->first_trace = event->trace;
		trace->tuple = *event->tuple;
		store->traces->pdata[event->trace] = trace;
	}
	return trace;
}

static struct mark *first_mark(const struct store *store, uint64_t frame)
{
	const struct frame_entry *entry;

	if (frame >= store->frames->len)
		return NULL;
	entry = &g_array_index(store->frames, struct frame_entry, frame);
	return store->marks->pdata[entry->mark];
}

static struct mark *find_mark(const struct store *store, uint64_t frame, enum mark_kind kind)
{
	struct mark *mark = first_mark(store, frame);

	while (mark && mark->kind != kind)
		mark = mark->next;
	return mark;
}

/* Adds a mark behind those that the frame has, if it is in the file. */
static struct mark *add_mark(struct store *store, enum mark_kind kind, const struct st_event *event)
{
	struct mark *mark = g_new0(struct mark, 1), *last = first_mark(store, event->cookie);

	mark->kind = kind;
	mark->frame = (uint32_t)event->cookie;
	mark->trace = trace_of(store, event);
	mark->trace->generation++;
	mark->hop = event->ttl;
	mark->index = event->index;
	g_ptr_array_add(store->marks, mark);
	while (last && last->next)
		last = last->next;
	if (!mark->frame)
		return mark;
	if (last)
		last->next = mark;
	else
		entry_of(store, event->cookie)->mark = store->marks->len - 1;
	return mark;
}

static struct store_hop *hop_of(struct store *store, const struct st_event *event)
{
	struct store_hop **hop = &trace_of(store, event)->hops[event->ttl];

	if (!*hop)
		*hop = g_new0(struct store_hop, 1);
	(*hop)->sent = MAX((*hop)->sent, event->index);
	return *hop;
}

static void take_probe(struct store *store, const struct st_event *event)
{
	hop_of(store, event);
	if (event->cookie) /* else it is not in the file */
		add_mark(store, MARK_PROBE, event)->known_ns = store->newest_ns;
}

static void take_reply(struct store *store, const struct st_event *event)
{
	struct mark *mark = add_mark(store, MARK_REPLY, event), **at;
	struct store_hop *hop = hop_of(store, event);

	mark->reply = g_memdup2(event->reply, sizeof(*event->reply));
	mark->probe = find_mark(store, event->probe_cookie, MARK_PROBE);
	if (hop->last)
		hop->last->next_of_hop = mark;
	else
		hop->first = mark;
	hop->last = mark;
	hop->reply_count++;
	if (!mark->probe)
		return;
	at = &mark->probe->first_reply;
	while (*at)
		at = &(*at)->next_reply;
	*at = mark;
}

static void take_copy(struct store *store, const struct st_event *event)
{
	struct mark *original = first_mark(store, event->original_cookie);

	while (original && (original->kind == MARK_COPY || original->hop != event->ttl ||
			    original->index != event->index))
		original = original->next;
	if (original && event->cookie)
		add_mark(store, MARK_COPY, event)->original = original;
}

static const char *keep_name(struct store *store, const char *name)
{
	return name ? g_string_chunk_insert_const(store->names, name) : NULL;
}

static void take_name(struct store *store, const struct st_event *event)
{
	struct store_flow *flow = flow_of(store, event->flow_id);

	flow->service = keep_name(store, event->identity->name);
	flow->host = keep_name(store, event->identity->host);
	flow->alpn = keep_name(store, event->identity->alpn);
	flow->evidence = event->identity->evidence;
	flow->matched_by = event->identity->matched_by;
	flow->ech = event->identity->ech;
}

static void take_result(struct store *store, const struct st_event *event)
{
	struct store_trace *trace = trace_of(store, event);

	st_trace_free(trace->result);
	trace->result = st_trace_copy(event->result);
	trace->tuple = event->result->tuple;
	trace->generation++;
}

static void take_event(struct store *store, const struct st_event *event)
{
	switch (event->type) {
	case ST_EVENT_TRACE_STARTED:
		trace_of(store, event);
		break;
	case ST_EVENT_PROBE:
		take_probe(store, event);
		break;
	case ST_EVENT_REPLY:
		take_reply(store, event);
		break;
	case ST_EVENT_COPY:
		take_copy(store, event);
		break;
	case ST_EVENT_TRACE_ENDED:
	case ST_EVENT_TRACE_SO_FAR:
		take_result(store, event);
		break;
	case ST_EVENT_FLOW_NAMED:
		take_name(store, event);
		break;
	case ST_EVENT_FLOW_REFUSED:
	case ST_EVENT_SOCKET_ASKED:
	case ST_EVENT_FLOW_ENDED:
		break;
	}
}

/*
 * The core's cookies go on where numbers are given again, so that what it finds out later about
 * a rejected frame is not taken for the next one's.
 */
static uint64_t cookie_of(const struct store *store, uint64_t number)
{
	return number + store->rejected->len;
}

/* The number of a frame; 0: it is not in the file. */
static uint64_t number_of(const struct store *store, uint64_t cookie)
{
	guint low = 0, high = store->rejected->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(store->rejected, uint64_t, middle) < cookie)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < store->rejected->len && g_array_index(store->rejected, uint64_t, low) == cookie)
		return 0;
	return cookie - low;
}

static void take_events(struct store *store)
{
	struct st_event event;

	while (st_tracer_poll_event(store->tracer, &event) == ST_OK) {
		event.cookie = number_of(store, event.cookie);
		event.probe_cookie = number_of(store, event.probe_cookie);
		event.original_cookie = number_of(store, event.original_cookie);
		take_event(store, &event);
	}
}

/* The frame's number is another's now. What it has taught remains, links to it do not. */
static void reject_frame(struct store *store, uint64_t number)
{
	uint64_t cookie = cookie_of(store, number);

	for (struct mark *mark = first_mark(store, number); mark; mark = mark->next)
		mark->frame = 0;
	*entry_of(store, number) = (struct frame_entry){0};
	g_array_append_val(store->rejected, cookie);
}

void store_frame(struct store *store, const struct st_frame *frame)
{
	struct st_frame_info info;
	struct st_frame numbered = *frame;

	if (frame->cookie == store->latest)
		reject_frame(store, frame->cookie);
	store->latest = frame->cookie;
	numbered.cookie = cookie_of(store, frame->cookie);
	store->newest_ns = MAX(store->newest_ns, frame->stamp_ns);
	store->is_reviewed = false;
	st_tracer_frame(store->tracer, store->newest_ns, &numbered, &info);
	if (info.flow_id)
		entry_of(store, frame->cookie)->flow = (uint32_t)info.flow_id;
	take_events(store);
}

void store_review(struct store *store)
{
	if (store->is_reviewed)
		return;
	st_tracer_review(store->tracer, store->newest_ns);
	take_events(store);
	store->is_reviewed = true;
}

bool store_has_passed(const struct store *store, uint32_t frame)
{
	return frame < store->latest;
}

bool store_is_reviewed(const struct store *store)
{
	return store->is_reviewed;
}

const struct mark *store_marks(const struct store *store, uint32_t frame)
{
	return first_mark(store, frame);
}

const struct store_flow *store_flow(const struct store *store, uint32_t frame)
{
	const struct mark *mark = first_mark(store, frame);
	uint32_t id;

	if (mark)
		return mark->trace->flow;
	if (frame >= store->frames->len)
		return NULL;
	id = g_array_index(store->frames, struct frame_entry, frame).flow;
	return id ? flow_of((struct store *)store, id) : NULL;
}

bool store_is_silent(const struct store *store, const struct mark *probe)
{
	if (probe->kind != MARK_PROBE || probe->first_reply)
		return false;
	return store->is_reviewed || probe->known_ns + store->wait_ns < store->newest_ns;
}

uint64_t store_trace_count(const struct store *store)
{
	return store->traces->len - 1;
}

const struct store_trace *store_trace(const struct store *store, uint64_t number)
{
	return number < store->traces->len ? store->traces->pdata[number] : NULL;
}

static gint by_probe(gconstpointer a, gconstpointer b)
{
	const struct st_reply *first = a, *second = b;

	if (first->probe != second->probe)
		return first->probe < second->probe ? -1 : 1;
	return (first->stamp_ns > second->stamp_ns) - (first->stamp_ns < second->stamp_ns);
}

static bool hop_so_far(struct store *store, const struct store_trace *trace, uint8_t ttl,
		       struct st_hop *hop)
{
	const struct store_hop *seen = trace->hops[ttl];

	if (!seen)
		return false;
	g_array_set_size(store->replies, 0);
	for (const struct mark *mark = seen->first; mark; mark = mark->next_of_hop)
		g_array_append_vals(store->replies, mark->reply, 1);
	g_array_sort(store->replies, by_probe);
	*hop = (struct st_hop){
		.ttl = ttl,
		.sent = (uint16_t)seen->sent,
		.reply_count = (uint16_t)store->replies->len,
		.replies = (const struct st_reply *)store->replies->data,
	};
	return true;
}

bool store_hop(struct store *store, const struct store_trace *trace, uint8_t ttl,
	       struct st_hop *hop)
{
	if (!trace->result)
		return hop_so_far(store, trace, ttl, hop);
	for (size_t i = 0; i < trace->result->hop_count; i++) {
		if (trace->result->hops[i].ttl == ttl) {
			*hop = trace->result->hops[i];
			return true;
		}
	}
	return false;
}
