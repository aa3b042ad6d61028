/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitoring system in small: prints, as lines of JSON, the traces and the flows
 * that a capture holds, with the services that signatures know. With live frames,
 * `config.active` and a sender for st_tracer_poll_probe() the same loop traces by
 * itself (UDP flows, once it answers ST_EVENT_SOCKET_ASKED).
 */
#include <pcap/pcap.h>
#include <servicetrace/servicetrace.h>
#include <stdio.h>
#include <stdlib.h>

static void print_reports(struct st_tracer *tracer)
{
	struct st_event event;

	while (st_tracer_poll_event(tracer, &event) == ST_OK) {
		char *json = NULL;

		if (event.type == ST_EVENT_TRACE_ENDED)
			json = st_report_json(event.result, "monitor 1.0");
		else if (event.type == ST_EVENT_FLOW_ENDED)
			json = st_report_flow_json(event.flow, "monitor 1.0");
		if (json)
			puts(json);
		free(json);
	}
}

static void show_frames(struct st_tracer *tracer, pcap_t *capture)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;

	while (pcap_next_ex(capture, &header, &bytes) == 1) {
		struct st_frame frame = {
			.stamp_ns = (uint64_t)header->ts.tv_sec * ST_NS_PER_S +
				    (uint64_t)header->ts.tv_usec,
			.bytes = bytes,
			.captured_bytes = header->caplen,
			.wire_bytes = header->len,
			.link_type = (uint32_t)pcap_datalink(capture),
		};

		st_tracer_frame(tracer, frame.stamp_ns, &frame, NULL);
		print_reports(tracer);
	}
	st_tracer_finish(tracer, 0); /* time never goes back: that of the last frame */
	print_reports(tracer);
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE] = "usage: monitor CAPTURE [SIGNATURES]";
	const char *why = error;
	struct st_signatures *signatures = st_signatures_new();
	struct st_tracer *tracer;
	struct st_config config;
	pcap_t *capture = NULL;

	st_config_init(&config);
	config.active = false;
	config.selection.all = config.report_flows = true;
	config.signatures = signatures;
	if (argc == 3 && st_signatures_load(signatures, argv[2]) != ST_OK)
		why = st_signatures_problem(signatures, 0)->text;
	else if (argc == 2 || argc == 3)
		capture = pcap_open_offline_with_tstamp_precision(
			argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
	if (!capture || st_tracer_new(&config, &tracer) != ST_OK) {
		fprintf(stderr, "monitor: %s\n", why);
		exit(EXIT_FAILURE);
	}
	show_frames(tracer, capture);
	st_tracer_free(tracer);
	st_signatures_free(signatures);
	pcap_close(capture);
	return EXIT_SUCCESS;
}
