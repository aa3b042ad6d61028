# SPDX-License-Identifier: GPL-2.0-or-later
# Wireshark's headers and libraries, for the plugin: optional. Sets ST_WIRESHARK_VERSION ("4.0"; empty: no plugin),
# ST_WIRESHARK_WIRETAP, and where the machine's Wireshark looks for plugins, extcap programs and profiles:
# ST_WIRESHARK_PLUGIN_DIR, ST_WIRESHARK_EXTCAP_DIR, ST_WIRESHARK_PROFILE_DIR. Debian: libwireshark-dev.
option(ST_WIRESHARK "Build the Wireshark plugin, if Wireshark's headers are there" ON)

set(ST_WIRESHARK_VERSION "")
set(why "not asked for")
if(ST_WIRESHARK)
	pkg_check_modules(WIRESHARK wireshark>=4.0)
	find_path(ST_WIRESHARK_EPAN epan/packet.h HINTS ${WIRESHARK_INCLUDE_DIRS})
	find_library(ST_WIRESHARK_WIRETAP wiretap HINTS ${WIRESHARK_LIBRARY_DIRS})
	set(why "its headers or libraries are not all there")
endif()
if(WIRESHARK_FOUND AND ST_WIRESHARK_EPAN AND ST_WIRESHARK_WIRETAP)
	string(REGEX MATCH "^[0-9]+\\.[0-9]+" ST_WIRESHARK_VERSION "${WIRESHARK_VERSION}")
	pkg_get_variable(plugins wireshark plugindir)
	pkg_get_variable(prefix wireshark prefix)
	set(ST_WIRESHARK_PLUGIN_DIR ${plugins} CACHE PATH "Wireshark's plugins of this version")
	set(ST_WIRESHARK_PROFILE_DIR ${prefix}/share/wireshark/profiles CACHE PATH "Wireshark's profiles")
	# Its place is not told; Debian moved it with 4.6.
	cmake_path(SET extcap NORMALIZE ${plugins}/../../extcap)
	if(IS_DIRECTORY ${prefix}/libexec/wireshark/extcap)
		set(extcap ${prefix}/libexec/wireshark/extcap)
	endif()
	set(ST_WIRESHARK_EXTCAP_DIR ${extcap} CACHE PATH "Wireshark's extcap programs")
	message(STATUS "with the plugin for Wireshark ${ST_WIRESHARK_VERSION}")
else()
	message(STATUS "without the plugin for Wireshark: ${why}")
endif()
