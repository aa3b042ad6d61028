/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitoring system in small: shows a capture to a tracer and prints each
 * trace found in it as a line of JSON. With live frames, `config.active` and a
 * sender for st_tracer_poll_probe() the same loop traces by itself (UDP flows, once
 * it answers ST_EVENT_SOCKET_ASKED).
 */
#include <pcap/pcap.h>
#include <servicetrace/servicetrace.h>
#include <stdio.h>
#include <stdlib.h>

static void print_traces(struct st_tracer *tracer)
{
	struct st_event event;

	while (st_tracer_poll_event(tracer, &event) == ST_OK) {
		char *json;

		if (event.type != ST_EVENT_TRACE_ENDED)
			continue;
		json = st_report_json(event.result, "monitor 1.0");
		puts(json);
		free(json);
	}
}

static void show_frames(struct st_tracer *tracer, pcap_t *capture)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	uint64_t now = 0;

	while (pcap_next_ex(capture, &header, &bytes) == 1) {
		struct st_frame frame = {
			.stamp_ns = (uint64_t)header->ts.tv_sec * ST_NS_PER_S +
				    (uint64_t)header->ts.tv_usec,
			.bytes = bytes,
			.captured_bytes = header->caplen,
			.wire_bytes = header->len,
			.link_type = (uint32_t)pcap_datalink(capture),
		};

		now = frame.stamp_ns > now ? frame.stamp_ns : now;
		st_tracer_frame(tracer, now, &frame, NULL);
		print_traces(tracer);
	}
	st_tracer_finish(tracer, now);
	print_traces(tracer);
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE] = "usage: monitor CAPTURE";
	pcap_t *capture = argc == 2 ? pcap_open_offline_with_tstamp_precision(
					      argv[1], PCAP_TSTAMP_PRECISION_NANO, error)
				    : NULL;
	struct st_tracer *tracer;
	struct st_config config;

	st_config_init(&config);
	config.active = false;
	config.selection.all = true;
	if (!capture || st_tracer_new(&config, &tracer) != ST_OK) {
		fprintf(stderr, "monitor: %s\n", error);
		return 1;
	}
	show_frames(tracer, capture);
	st_tracer_free(tracer);
	pcap_close(capture);
	return 0;
}
