# SPDX-License-Identifier: GPL-2.0-or-later
# Makes C of the page: page.html with the style and the scripts put in their places, cut in two where the data stand.
#   cmake -DFOLDER=… -DOUTPUT=… -P embed.cmake
file(READ ${FOLDER}/page.html page)
file(READ ${FOLDER}/page.css style)
file(READ ${FOLDER}/graph.js graph)
file(READ ${FOLDER}/page.js script)
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@SCRIPT@" "${graph}\n${script}" page "${page}")
string(FIND "${page}" "@DATA@" cut)
string(SUBSTRING "${page}" 0 ${cut} head)
math(EXPR behind "${cut} + 6")
string(SUBSTRING "${page}" ${behind} -1 tail)

function(append_array name text)
	file(WRITE ${OUTPUT}.part "${text}")
	file(READ ${OUTPUT}.part bytes HEX)
	file(REMOVE ${OUTPUT}.part)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
	string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
	file(APPEND ${OUTPUT}.new "const uint8_t ${name}[] = {${bytes}0};\n")
endfunction()

file(WRITE ${OUTPUT}.new "#include \"report/html/page_parts.h\"\n")
append_array(page_head "${head}")
append_array(page_tail "${tail}")
file(RENAME ${OUTPUT}.new ${OUTPUT})
