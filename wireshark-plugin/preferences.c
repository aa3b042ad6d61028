/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "preferences.h"

#include <epan/prefs.h>
#include <servicetrace/trace.h>

#include "signatures.h"

static struct preferences preferences = {
	.rtt_high_ms = ST_BAND_HIGH_NS / ST_NS_PER_MS,
	.rtt_very_high_ms = ST_BAND_VERY_HIGH_NS / ST_NS_PER_MS,
	.wait_ms = 2000,
	.info_column = true,
};

static const char *signatures_path = "";

static void register_numbers(module_t *module)
{
	prefs_register_uint_preference(
		module, "rtt_high", "High round-trip time (ms)",
		"Above this round-trip time a hop is in the second band (orange in the profile)",
		10, &preferences.rtt_high_ms);
	prefs_register_uint_preference(
		module, "rtt_very_high", "Very high round-trip time (ms)",
		"Above this round-trip time a hop is in the third band (red in the profile)", 10,
		&preferences.rtt_very_high_ms);
	prefs_register_uint_preference(
		module, "wait", "Wait for a reply (ms)",
		"A probe without a reply for so long is silent; later replies are none. "
		"From 1 to 60000",
		10, &preferences.wait_ms);
}

/* Later versions have bool here, earlier ones gboolean. */
static void register_switches(module_t *module)
{
	prefs_register_bool_preference(
		module, "info_column", "Tell hops in the Info column",
		"Puts hop, router and round-trip time in front of the Info column "
		"of probes and replies",
		&preferences.info_column);
	prefs_register_bool_preference(
		module, "any_encapsulation", "Look into any encapsulation",
		"Takes the IP packets that Wireshark finds, also where only Wireshark decodes what "
		"they travel in (decrypted traffic, rare link types and tunnels). Opening files "
		"takes longer",
		&preferences.any_encapsulation);
}

const struct preferences *preferences_register(int protocol)
{
	module_t *module = prefs_register_protocol(protocol, signatures_changed);

	register_numbers(module);
	register_switches(module);
	prefs_register_directory_preference(
		module, "signatures_path", "Folder of signatures",
		"Signatures of services (*.service) to be used beside the installed ones",
		&signatures_path);
	prefs_register_uat_preference(module, "signatures", "Signatures",
				      "Names and addresses of services of your own",
				      signatures_table());
	return &preferences;
}

struct st_signatures *preferences_signatures(void)
{
	return signatures_read(signatures_path);
}
