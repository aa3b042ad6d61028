/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins frames with the tracer's events about them (by the frame's cookie) and
 * hands the result to the pcapng writer. Knows nothing of probes and replies
 * but what events say.
 */
#include "recorder.h"

#include <string.h>

/* A frame kept back, its bytes behind it. */
struct kept {
	struct st_frame frame; /* .bytes point into .bytes[] below */
	char *comment;
	uint8_t bytes[];
};

struct recorder {
	struct pcapng *pcapng;
	uint64_t hold_ns;
	uint64_t newest_ns; /* largest stamp seen */
	bool frame_open;    /* between recorder_frame and recorder_settle */
	bool frame_wanted;
	bool frame_whole;
	struct st_frame frame;
	uint32_t frame_header_bytes;
	char *frame_comment;
	GQueue kept;		 /* struct kept, in the order of the frames */
	GHashTable *kept_cookie; /* cookie of a kept frame -> struct kept */
};

static void kept_free(void *kept)
{
	g_free(((struct kept *)kept)->comment);
	g_free(kept);
}

struct recorder *recorder_new(struct pcapng *pcapng, uint64_t hold_ns)
{
	struct recorder *recorder = g_new0(struct recorder, 1);

	recorder->pcapng = pcapng;
	recorder->hold_ns = hold_ns;
	g_queue_init(&recorder->kept);
	recorder->kept_cookie = g_hash_table_new(g_int64_hash, g_int64_equal);
	return recorder;
}

void recorder_free(struct recorder *recorder)
{
	if (recorder == NULL)
		return;
	g_hash_table_unref(recorder->kept_cookie);
	g_queue_clear_full(&recorder->kept, kept_free);
	g_free(recorder->frame_comment);
	g_free(recorder);
}

void recorder_frame(struct recorder *recorder, const struct st_frame *frame,
		    const struct st_frame_info *info)
{
	recorder->frame = *frame;
	recorder->frame_open = true;
	recorder->frame_wanted = info->wanted || info->taught;
	recorder->frame_whole = info->taught;
	recorder->frame_header_bytes = info->header_bytes;
	g_clear_pointer(&recorder->frame_comment, g_free);
	if (frame->stamp_ns > recorder->newest_ns)
		recorder->newest_ns = frame->stamp_ns;
}

static char *reply_comment(const struct st_event *event)
{
	char address[ST_ADDR_TEXT_BYTES];
	g_autofree char *rtt = NULL;

	if (event->reply->rtt_ns != ST_RTT_UNKNOWN)
		rtt = g_strdup_printf(", %.3f ms", (double)event->reply->rtt_ns / 1e6);
	return g_strdup_printf("reply to probe %u of hop %u (flow %" G_GUINT64_FORMAT
			       ", trace %" G_GUINT64_FORMAT ") from %s%s",
			       event->index, event->ttl, event->flow_id, event->trace,
			       st_addr_format(&event->reply->address, address),
			       rtt == NULL ? "" : rtt);
}

static char *probe_comment(const struct st_event *event)
{
	return g_strdup_printf("probe %u of hop %u, flow %" G_GUINT64_FORMAT
			       ", trace %" G_GUINT64_FORMAT,
			       event->index, event->ttl, event->flow_id, event->trace);
}

/* Takes `comment`; a frame that is two things at once says both. */
static void add_comment(char **comments, char *comment)
{
	if (*comments == NULL) {
		*comments = comment;
		return;
	}
	char *both = g_strconcat(*comments, "; ", comment, NULL);
	g_free(*comments);
	g_free(comment);
	*comments = both;
}

static void comment_frame(struct recorder *recorder, uint64_t cookie, char *comment, bool whole)
{
	if (recorder->frame_open && recorder->frame.cookie == cookie) {
		recorder->frame_wanted = true;
		recorder->frame_whole = recorder->frame_whole || whole;
		add_comment(&recorder->frame_comment, comment);
		return;
	}
	struct kept *kept = g_hash_table_lookup(recorder->kept_cookie, &cookie);
	if (kept != NULL)
		add_comment(&kept->comment, comment);
	else
		g_free(comment); /* the frame has been written */
}

void recorder_event(struct recorder *recorder, const struct st_event *event)
{
	switch (event->type) {
	case ST_EVENT_PROBE:
		comment_frame(recorder, event->cookie, probe_comment(event), false);
		break;
	case ST_EVENT_REPLY:
		comment_frame(recorder, event->cookie, reply_comment(event), true);
		break;
	case ST_EVENT_TRACE_STARTED:
	case ST_EVENT_TRACE_ENDED:
	case ST_EVENT_TRACE_SO_FAR:
	case ST_EVENT_COPY:
	case ST_EVENT_FLOW_REFUSED:
	case ST_EVENT_SOCKET_ASKED:
	case ST_EVENT_FLOW_NAMED:
	case ST_EVENT_FLOW_ENDED:
		break;
	}
}

static bool write_frame(struct recorder *recorder, const struct st_frame *frame,
			const char *comment, GError **error)
{
	const struct pcapng_packet packet = {
		.stamp_ns = frame->stamp_ns,
		.bytes = frame->bytes,
		.captured_bytes = frame->captured_bytes,
		.wire_bytes = frame->wire_bytes,
		.interface = frame->interface,
		.comment = comment,
	};

	return pcapng_write(recorder->pcapng, &packet, error);
}

/* Keeps the frame with its comment, which is the kept frame's from here on. */
static void keep_frame(struct recorder *recorder, const struct st_frame *frame)
{
	struct kept *kept = g_malloc(sizeof(*kept) + frame->captured_bytes);

	kept->frame = *frame;
	kept->frame.bytes = kept->bytes;
	memcpy(kept->bytes, frame->bytes, frame->captured_bytes);
	kept->comment = g_steal_pointer(&recorder->frame_comment);
	g_queue_push_tail(&recorder->kept, kept);
	g_hash_table_insert(recorder->kept_cookie, &kept->frame.cookie, kept);
}

/* Writes the kept frames, oldest first, that are older than `hold_ns`. */
static bool write_kept(struct recorder *recorder, uint64_t hold_ns, GError **error)
{
	struct kept *kept;
	bool good = true;

	while (good && (kept = g_queue_peek_head(&recorder->kept)) != NULL) {
		if (hold_ns > 0 && kept->frame.stamp_ns + hold_ns >= recorder->newest_ns)
			break;
		g_queue_pop_head(&recorder->kept);
		g_hash_table_remove(recorder->kept_cookie, &kept->frame.cookie);
		good = write_frame(recorder, &kept->frame, kept->comment, error);
		kept_free(kept);
	}
	return good;
}

bool recorder_settle(struct recorder *recorder, GError **error)
{
	struct st_frame frame = recorder->frame;
	bool good = true;

	if (!recorder->frame_open)
		return true;
	recorder->frame_open = false;
	if (recorder->frame_wanted) {
		if (!recorder->frame_whole && recorder->frame_header_bytes < frame.captured_bytes)
			frame.captured_bytes = recorder->frame_header_bytes;
		if (recorder->hold_ns > 0)
			keep_frame(recorder, &frame);
		else
			good = write_frame(recorder, &frame, recorder->frame_comment, error);
	}
	return good && write_kept(recorder, recorder->hold_ns, error);
}

bool recorder_finish(struct recorder *recorder, GError **error)
{
	return recorder_settle(recorder, error) && write_kept(recorder, 0, error);
}
