/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads captures: through libpcap what it can read, with nanoseconds where the
 * file has them, the rest through libwiretap. Repairs nothing, but lets no
 * impossible length or stamp through.
 */
#include "reader.h"

#include <pcap/pcap.h>
#include <string.h>
#include <sys/stat.h>

#include "failure.h"
#include "stamp.h"
#include "wiretap.h"

/* What libpcap says of the version of a pcapng file; of pcap, it is 2. */
#define PCAPNG_MAJOR 1
/* How libpcap calls a file that it cannot tell anything about. */
#define PCAP_UNKNOWN_FORMAT "unknown file format"

struct reader {
	pcap_t *pcap; /* one of these two */
	struct wiretap *wiretap;
	const char *path; /* NULL: standard input */
	char *refusal;	  /* why libpcap did not open a file whose format it knows; NULL: it did */
	char *name;	  /* for errors */
	uint64_t frames;
	uint64_t strangers;    /* of a link type that is not known */
	uint32_t strange_link; /* of the first of them */
};

static void fail(const struct reader *reader, GError **error, const char *why)
{
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s: %s", reader->name, why);
}

/* "link type NAME (description)". */
static char *link_text(uint32_t link_type)
{
	const char *name = pcap_datalink_val_to_name((int)link_type);
	const char *description = pcap_datalink_val_to_description((int)link_type);

	if (name != NULL && description != NULL)
		return g_strdup_printf("link type %s (%s)", name, description);
	if (link_type > UINT16_MAX)
		return g_strdup_printf("link type %s", wiretap_link_name(link_type));
	return g_strdup_printf("link type %u", link_type);
}

static void fail_link(const struct reader *reader, uint32_t link_type, GError **error)
{
	g_autofree char *link = link_text(link_type);
	g_autofree char *why = g_strdup_printf("%s is not supported", link);

	fail(reader, error, why);
}

/* libpcap begins its texts with the file's name when it cannot open it. */
static void fail_open(const struct reader *reader, const char *path, const char *why,
		      GError **error)
{
	const char *text = why;

	if (g_str_has_prefix(text, path))
		text += strlen(path);
	if (g_str_has_prefix(text, ": "))
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s%s", reader->name, text);
	else
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s: no capture that can be read: %s", reader->name, why);
}

/* Pipes and devices cannot be read a second time. */
static bool is_file(const struct reader *reader)
{
	struct stat status;

	return reader->path != NULL && stat(reader->path, &status) == 0 &&
	       S_ISREG(status.st_mode) && status.st_size > 0;
}

/* libpcap reads no such file. It has its say if libwiretap has none. */
static bool open_other(struct reader *reader, const char *path, const char *pcap_says,
		       GError **error)
{
	g_autofree char *why = NULL;

	if (is_file(reader))
		reader->wiretap = wiretap_open(reader->path, &why);
	if (reader->wiretap != NULL) {
		if (strstr(pcap_says, PCAP_UNKNOWN_FORMAT) == NULL)
			reader->refusal = g_strdup(pcap_says);
		return true;
	}
	if (why == NULL)
		fail_open(reader, path, pcap_says, error);
	else
		fail(reader, error, why);
	return false;
}

/* The frames that libpcap has given already are passed over. */
static bool catch_up(struct wiretap *wiretap, uint64_t frames)
{
	g_autofree char *why = NULL;
	struct st_frame frame;

	while (frames > 0 && wiretap_next(wiretap, &frame, &why))
		frames--;
	return frames == 0;
}

/*
 * Interfaces of a pcapng file may differ in their link types and lengths, which
 * libpcap notices only when it comes to the second one.
 */
static bool change_over(struct reader *reader)
{
	g_autofree char *why = NULL;

	if (pcap_major_version(reader->pcap) != PCAPNG_MAJOR || !is_file(reader))
		return false;
	reader->wiretap = wiretap_open(reader->path, &why);
	if (reader->wiretap == NULL)
		return false;
	if (catch_up(reader->wiretap, reader->frames)) {
		g_clear_pointer(&reader->pcap, pcap_close);
		return true;
	}
	g_clear_pointer(&reader->wiretap, wiretap_close);
	return false;
}

/* A file of a first interface that is not known may have others. */
static bool check_link_type(struct reader *reader, GError **error)
{
	uint32_t link_type = (uint32_t)pcap_datalink(reader->pcap);

	if (st_link_type_known(link_type) || change_over(reader))
		return true;
	fail_link(reader, link_type, error);
	return false;
}

struct reader *reader_open(const char *path, GError **error)
{
	bool is_input = strcmp(path, "-") == 0;
	char why[PCAP_ERRBUF_SIZE] = "";
	struct reader *reader = g_new0(struct reader, 1);
	bool good;

	reader->path = is_input ? NULL : path;
	reader->name = g_strdup(is_input ? "standard input" : path);
	reader->pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (reader->pcap != NULL)
		good = check_link_type(reader, error);
	else
		good = open_other(reader, path, why, error);
	if (good)
		return reader;
	reader_close(reader);
	return NULL;
}

void reader_close(struct reader *reader)
{
	if (reader == NULL)
		return;
	g_clear_pointer(&reader->pcap, pcap_close);
	wiretap_close(reader->wiretap);
	g_free(reader->refusal);
	g_free(reader->name);
	g_free(reader);
}

static void fail_reading(const struct reader *reader, const char *why, GError **error)
{
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
		    "%s: the rest cannot be read, after frame %" G_GUINT64_FORMAT ": %s",
		    reader->name, reader->frames, why);
}

static bool next_of_wiretap(struct reader *reader, struct st_frame *frame, GError **error)
{
	g_autofree char *why = NULL;

	if (wiretap_next(reader->wiretap, frame, &why))
		return true;
	if (why != NULL)
		fail_reading(reader, why, error);
	else if (reader->frames == 0 && reader->refusal != NULL)
		fail_open(reader, reader->path, reader->refusal, error);
	return false;
}

/* What libpcap said stands, unless libwiretap can do better. */
static bool next_after_error(struct reader *reader, struct st_frame *frame, GError **error)
{
	g_autofree char *pcap_says = g_strdup(pcap_geterr(reader->pcap));
	g_autofree char *why = NULL;

	if (!change_over(reader)) {
		fail_reading(reader, pcap_says, error);
		return false;
	}
	if (wiretap_next(reader->wiretap, frame, &why))
		return true;
	if (why != NULL)
		fail_reading(reader, pcap_says, error);
	return false;
}

static bool next_of_pcap(struct reader *reader, struct st_frame *frame, GError **error)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status = pcap_next_ex(reader->pcap, &header, &bytes);

	if (status == PCAP_ERROR_BREAK)
		return false;
	if (status != 1)
		return next_after_error(reader, frame, error);
	*frame = (struct st_frame){
		.stamp_ns = stamp_from(header->ts.tv_sec, header->ts.tv_usec),
		.bytes = bytes,
		.captured_bytes = header->caplen,
		.wire_bytes = MAX(header->len, header->caplen),
		.link_type = (uint32_t)pcap_datalink(reader->pcap),
	};
	return true;
}

static void note_stranger(struct reader *reader, uint32_t link_type)
{
	if (reader->strangers++ == 0)
		reader->strange_link = link_type;
}

bool reader_next(struct reader *reader, struct st_frame *frame, GError **error)
{
	GError *broken = NULL;
	bool any = reader->pcap != NULL ? next_of_pcap(reader, frame, &broken)
					: next_of_wiretap(reader, frame, &broken);

	if (any) {
		frame->cookie = ++reader->frames;
		if (!st_link_type_known(frame->link_type))
			note_stranger(reader, frame->link_type);
		return true;
	}
	if (broken != NULL)
		g_propagate_error(error, broken);
	else if (reader->frames > 0 && reader->strangers == reader->frames)
		fail_link(reader, reader->strange_link, error);
	return false;
}

char *reader_count(const struct reader *reader)
{
	GString *text = g_string_new(NULL);
	g_autofree char *link = NULL;

	g_string_printf(text, "%" G_GUINT64_FORMAT " %s", reader->frames,
			reader->frames == 1 ? "frame" : "frames");
	if (reader->strangers > 0) {
		link = link_text(reader->strange_link);
		g_string_append_printf(text,
				       " (%" G_GUINT64_FORMAT " passed over: %s is not supported)",
				       reader->strangers, link);
	}
	return g_string_free(text, FALSE);
}
