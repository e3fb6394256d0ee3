# Puts the install script together from its parts, without the words that an older server refuses.
#
#   cmake "-DPARTS=a.sql;b.sql" [-DWITHIN=template] -DOUT=file -DSERVER="PostgreSQL 15.1" -P install_script.cmake
cmake_minimum_required(VERSION 3.18)
string(REGEX MATCH "[0-9]+(\\.[0-9]+)?" version "${SERVER}")

set(script "")
foreach(part ${PARTS})
  file(READ ${part} text)
  string(APPEND script "${text}")
endforeach()
if(WITHIN)
  file(READ ${WITHIN} template)
  string(REPLACE "@PARTS@" "${script}" script "${template}")
endif()
if(version VERSION_LESS 11)
  string(REGEX REPLACE ",[ \n]*FINALFUNC_MODIFY = [A-Z_]+" "" script "${script}")
endif()
if(version VERSION_LESS 9.5)
  # the argument missing_ok
  string(REGEX REPLACE "(pg_stat_file\\([^,\n]*), true\\)" "\\1)" script "${script}")
endif()
if(version VERSION_LESS 9.6)
  string(REGEX REPLACE ",[ \n]*PARALLEL = [A-Z]+" "" script "${script}")
  string(REGEX REPLACE " PARALLEL (SAFE|UNSAFE|RESTRICTED)" "" script "${script}")
endif()
file(WRITE ${OUT} "${script}")
