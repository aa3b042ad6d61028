# SPDX-License-Identifier: GPL-2.0-or-later
# libwiretap, which reads the captures that libpcap cannot: optional. Sets WIRETAP_LIBRARY (empty: do without),
# WSUTIL_LIBRARY and WIRETAP_INCLUDE. Debian: libwiretap-dev and libwsutil-dev.
# Its pkg-config file names the dissectors' library too, which is not wanted here.
option(ST_WIRETAP "Read more capture formats through libwiretap, if it is there" ON)

if(ST_WIRETAP)
	find_path(WIRETAP_INCLUDE wiretap/wtap.h PATH_SUFFIXES wireshark)
	find_path(WIRETAP_VERSION_INCLUDE ws_version.h HINTS ${WIRETAP_INCLUDE} PATH_SUFFIXES wireshark)
	find_library(WIRETAP_LIBRARY wiretap)
	find_library(WSUTIL_LIBRARY wsutil)
endif()

set(why "not asked for")
if(ST_WIRETAP)
	set(why "its headers or libraries are not all there")
endif()
if(ST_WIRETAP AND WIRETAP_LIBRARY AND WSUTIL_LIBRARY AND WIRETAP_VERSION_INCLUDE)
	file(STRINGS ${WIRETAP_VERSION_INCLUDE}/ws_version.h lines REGEX "WIRESHARK_VERSION_M[AI][JN]OR ")
	string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2" version "${lines}")
	set(why "version ${version}, while 4.0 to 4.4 are known")
	if(version VERSION_GREATER_EQUAL 4.0 AND version VERSION_LESS 4.5)
		set(why "")
	endif()
endif()
if(why)
	message(STATUS "without libwiretap: ${why}")
	set(WIRETAP_LIBRARY "")
else()
	message(STATUS "with libwiretap ${version}")
endif()
