/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads captures through libpcap, with nanoseconds where the file has them.
 * Repairs nothing, but lets no impossible length or stamp through.
 */
#include "reader.h"

#include <pcap/pcap.h>
#include <string.h>

#include "failure.h"

/* Stamps from here on do not fit 64 bits of nanoseconds: the year 2554. */
#define SECONDS_MAX (UINT64_MAX / ST_NS_PER_S)

struct reader {
	pcap_t *pcap;
	char *name; /* for errors */
	uint64_t frames;
};

static bool check_link_type(const struct reader *reader, GError **error)
{
	int link_type = pcap_datalink(reader->pcap);
	const char *name = pcap_datalink_val_to_name(link_type);
	const char *description = pcap_datalink_val_to_description(link_type);

	if (st_link_type_known((uint32_t)link_type))
		return true;
	if (name == NULL || description == NULL)
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s: link type %d is not supported", reader->name, link_type);
	else
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s: link type %s (%s) is not supported", reader->name, name,
			    description);
	return false;
}

/* libpcap begins its texts with the file's name when it cannot open it. */
static void fail_open(const char *path, const char *name, const char *why, GError **error)
{
	const char *text = why;

	if (g_str_has_prefix(text, path))
		text += strlen(path);
	if (g_str_has_prefix(text, ": "))
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s%s", name, text);
	else
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s: no capture that can be read: %s", name, why);
}

struct reader *reader_open(const char *path, GError **error)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);

	if (pcap == NULL) {
		fail_open(path, name, why, error);
		return NULL;
	}
	struct reader *reader = g_new0(struct reader, 1);
	reader->pcap = pcap;
	reader->name = g_strdup(name);
	if (check_link_type(reader, error))
		return reader;
	reader_close(reader);
	return NULL;
}

void reader_close(struct reader *reader)
{
	if (reader == NULL)
		return;
	pcap_close(reader->pcap);
	g_free(reader->name);
	g_free(reader);
}

uint32_t reader_link_type(const struct reader *reader)
{
	return (uint32_t)pcap_datalink(reader->pcap);
}

static uint64_t stamp_ns(const struct timeval *time)
{
	if (time->tv_sec < 0 || time->tv_usec < 0)
		return 0;
	if ((uint64_t)time->tv_sec >= SECONDS_MAX)
		return SECONDS_MAX * ST_NS_PER_S;
	return (uint64_t)time->tv_sec * ST_NS_PER_S + (uint64_t)time->tv_usec;
}

bool reader_next(struct reader *reader, struct st_frame *frame, GError **error)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status = pcap_next_ex(reader->pcap, &header, &bytes);

	if (status != 1) {
		if (status != PCAP_ERROR_BREAK)
			g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
				    "%s: the rest cannot be read, after frame %" G_GUINT64_FORMAT
				    ": %s",
				    reader->name, reader->frames, pcap_geterr(reader->pcap));
		return false;
	}
	*frame = (struct st_frame){
		.stamp_ns = stamp_ns(&header->ts),
		.cookie = ++reader->frames,
		.bytes = bytes,
		.captured_bytes = header->caplen,
		.wire_bytes = MAX(header->len, header->caplen),
		.link_type = reader_link_type(reader),
	};
	return true;
}
